/** What `strip_prefix` takes off a path: the whole prefix, at a segment's end, or nothing. */
export function prefixOf(path: string, stripPrefix: string): string {
  if (stripPrefix === "" || !path.startsWith(stripPrefix)) return "";
  const next = path[stripPrefix.length];
  return next === undefined || next === "/" ? stripPrefix : "";
}
