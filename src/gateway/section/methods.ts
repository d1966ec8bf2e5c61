/**
 * Methods of the IANA registry (RFC 9110 §9, RFC 5789, and those of WebDAV, its versions, calendars and bindings:
 * RFC 3253, 3648, 3744, 4437, 4791, 4918, 5323, 5842), and those that caches and UPnP use.
 */
const known: ReadonlySet<string> = new Set([
  ..."GET HEAD POST PUT DELETE OPTIONS TRACE PATCH QUERY".split(" "),
  ..."PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK SEARCH REPORT ACL MKCALENDAR BIND UNBIND REBIND".split(
    " ",
  ),
  ..."VERSION-CONTROL CHECKIN CHECKOUT UNCHECKOUT LABEL MERGE UPDATE BASELINE-CONTROL MKACTIVITY MKWORKSPACE".split(
    " ",
  ),
  ..."ORDERPATCH LINK UNLINK MKREDIRECTREF UPDATEREDIRECTREF PRI".split(" "),
  ..."PURGE BAN REFRESH NOTIFY SUBSCRIBE UNSUBSCRIBE M-SEARCH".split(" "),
]);

/**
 * The known method that was probably meant: one letter is wrong, missing, too many, or two have changed places.
 * Undefined for a method that is known, and for any other word: RFC 9110 §9.1 lets everybody make methods.
 *
 * @example meantMethod("PSOT") // "POST"
 */
export function meantMethod(name: string): string | undefined {
  if (known.has(name)) return undefined;
  for (const method of known) if (method.length > 2 && isOneEdit(name, method)) return method;
  return undefined;
}

/** True for words that differ by one edit. */
function isOneEdit(one: string, other: string): boolean {
  let start = 0;
  while (start < one.length && one[start] === other[start]) start++;
  const [rest, others] = [one.slice(start), other.slice(start)];
  return (
    rest.slice(1) === others ||
    rest === others.slice(1) ||
    rest.slice(1) === others.slice(1) ||
    (rest[0] === others[1] && rest[1] === others[0] && rest.slice(2) === others.slice(2))
  );
}
