export const viewNames = ["map", "services", "traces", "logs"] as const;
export type ViewName = (typeof viewNames)[number];

/** Where the reader is. The address bar holds all of it, so every state can be linked. */
export interface Route {
  readonly view: ViewName;
  /** What is open in the view: a trace. */
  readonly id?: string | undefined;
  readonly query: Query;
}

const queryNames = ["service", "errors", "q", "span", "as"] as const;
export type Query = { readonly [Name in (typeof queryNames)[number]]?: string | undefined };

/** `#/traces/4bf92f?errors=1`. Anything unknown is the map; unknown words of the query are left out. */
export function parseRoute(hash: string): Route {
  const text = hash.replace(/^#?\/?/, "");
  const cut = text.includes("?") ? text.indexOf("?") : text.length;
  const [name, id = ""] = text.slice(0, cut).split("/");
  const view = viewNames.find((known) => known === name);
  if (view === undefined) return { view: "map", query: {} };
  const search = new URLSearchParams(text.slice(cut + 1));
  const query = Object.fromEntries(
    queryNames.map((word) => [word, search.get(word)]).filter(([, value]) => value !== null && value !== ""),
  );
  return { view, id: id === "" ? undefined : decoded(id), query };
}

export function formatRoute({ view, id, query = {} }: Partial<Route> & Pick<Route, "view">): string {
  const search = new URLSearchParams();
  for (const name of queryNames) if (query[name]) search.set(name, query[name]);
  return `#/${view}${id === undefined ? "" : `/${encodeURIComponent(id)}`}${search.size === 0 ? "" : `?${search}`}`;
}

/** The same place with some of its query changed; undefined or empty takes a word out. */
export function withQuery(route: Route, changes: Query): Route {
  return { ...route, query: { ...route.query, ...changes } };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
