import { ByteReader, ByteWriter, wireType } from "../proto/wire.ts";

/** https://github.com/grpc/grpc/blob/master/doc/health-checking.md, unary half. */
export const healthCheckPath = "/grpc.health.v1.Health/Check";

const serving = 1;
const notServing = 2;

/**
 * A HealthCheckResponse for a HealthCheckRequest; undefined for a service that is not here. The empty name asks
 * about the server as a whole.
 *
 * @throws WireError when the request is no message
 */
export function checkHealth(request: Uint8Array, service: string, draining: boolean): Uint8Array | undefined {
  const reader = new ByteReader(request);
  let asked = "";
  while (!reader.done) {
    const { number, type } = reader.tag();
    if (number === 1 && type === wireType.bytes) asked = reader.string();
    else reader.skip(type);
  }
  if (asked !== "" && asked !== service) return undefined;
  const writer = new ByteWriter(2);
  writer.tag(1, wireType.varint);
  writer.varint(draining ? notServing : serving);
  return writer.finish();
}
