import { json, plain, type Route, type Wire } from "./route.ts";

/** `/v1/acl/…`: tokens are written in a file, not made over the wire; who shows one may see whose it is. */
export function aclRoutes({ tokens }: Wire): readonly Route[] {
  if (!tokens.enforced) return disabled;
  return [
    {
      verb: "GET",
      path: "/v1/acl/token/self",
      guard: "inside",
      run({ access, holder }) {
        if (holder === undefined) return plain(403, "ACL not found");
        return json({
          AccessorID: "",
          Description: holder,
          Policies: access.management ? [{ ID: "", Name: "global-management" }] : [],
          Local: true,
        });
      },
    },
  ];
}

const disabled: readonly Route[] = (["GET", "PUT", "DELETE"] as const).map((verb) => ({
  verb,
  path: "/v1/acl/",
  run: () => plain(401, "ACL support disabled"),
}));
