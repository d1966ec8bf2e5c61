/** How a call speaks: gRPC itself, or gRPC-Web, whose trailers are the last message of the body, perhaps as base64. */
export type Dialect = "grpc" | "web" | "web-text";

/** The dialect of a content-type; undefined when it is no gRPC, or messages are not protobuf. */
export function dialectOf(contentType: string | undefined): Dialect | undefined {
  if (contentType === "application/grpc" || contentType === "application/grpc+proto") return "grpc";
  const match = /^application\/grpc(-web(?:-text)?)?(?:\+proto)?(?:\s*;.*)?$/i.exec(contentType ?? "");
  if (match === null) return undefined;
  const kind = match[1]?.toLowerCase();
  if (kind === undefined) return "grpc";
  return kind === "-web" ? "web" : "web-text";
}
