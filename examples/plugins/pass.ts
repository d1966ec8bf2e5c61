/**
 * A provider of secrets: `@secret("pass:shop/stripe")` asks the password store of this machine (https://www.passwordstore.org).
 *
 * `tusker up --plugin examples/plugins/pass.ts`. The value is a secret like any other: it prints as [secret], and only the
 * service that owns it gets the plain text.
 */
import { spawnSync } from "node:child_process";
import type { SecretProvider } from "tusker/tsk";

export const pass: SecretProvider = {
  scheme: "pass",
  class: "local",
  read: (name) => {
    const { status, stdout, error } = spawnSync("pass", ["show", "--", name], {
      encoding: "utf8",
      timeout: 10_000,
      stdio: ["inherit", "pipe", "inherit"],
    });
    if (error !== undefined) throw error;
    // The first line is the secret, as the store's own tools have it.
    return status === 0 ? stdout.split("\n", 1)[0] : undefined;
  },
};
