import { withPlainText, withText } from "./argument.ts";
import type { OperatorCall, Result } from "./row.ts";

/** Text changed by a function; of a secret it is one. */
export function changed(call: OperatorCall, change: (text: string) => string): Result {
  return withText(call, "text", (text, made) =>
    call.afford(text.length >> 3) ? call.give(made(change(text))) : undefined,
  );
}

/** `@replace(text, old, new)`: every occurrence; no patterns. */
export function replace(call: OperatorCall): Result {
  return withText(call, "text", (text, made) =>
    withPlainText(call, "old", (old) =>
      withText(call, "new", (fresh, madeOfNew) => {
        if (old === "") return call.fail("TSK_ARGUMENTS", "@replace needs text to look for");
        const parts = text.split(old);
        if (!call.afford((text.length + (parts.length - 1) * fresh.length) >> 3)) return undefined;
        const joined = made(parts.join(fresh));
        return call.give(typeof joined === "string" ? madeOfNew(joined) : joined);
      }),
    ),
  );
}

/** The UTF-8 bytes of a text in base64. */
export function encodeBase64(call: OperatorCall): Result {
  return changed(call, (text) => base64(new TextEncoder().encode(text)));
}

/** Bytes in base64. */
export function base64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Text whose UTF-8 bytes are given in base64. */
export function decodeBase64(call: OperatorCall): Result {
  return withText(call, "text", (text, made) => {
    if (!call.afford(text.length >> 3)) return undefined;
    try {
      const bytes = Uint8Array.from(atob(text.trim()), (one) => one.charCodeAt(0));
      return call.give(made(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)));
    } catch {
      return call.fail("TSK_TYPE", "@base64.decode needs text in base64 of UTF-8 bytes");
    }
  });
}

/** `@hash("sha256", text)`, in hexadecimal. */
export function hash(call: OperatorCall): Result {
  return withPlainText(call, "algorithm", (algorithm) => {
    if (algorithm !== "sha256" && algorithm !== "sha512")
      return call.fail("TSK_ARGUMENTS", '@hash knows "sha256" and "sha512"');
    const { digest } = call.ports;
    if (digest === undefined) return call.fail("TSK_UNAVAILABLE", "this host has no digests for @hash");
    return withText(call, "text", (text, made) => call.give(made(digest(algorithm, text))));
  });
}
