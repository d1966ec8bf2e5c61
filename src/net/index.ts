// For users of the package and for other rooms: one interface over every engine and HTTP version.
export { readAll } from "./bytes.ts";
export {
  type Answer,
  type ByteStream,
  type ClientAnswer,
  type ClientRequest,
  type HeaderList,
  headerOf,
  type Pool,
  type ReadOptions,
  type Server,
  type ServerExchange,
  type ServerHandler,
} from "./exchange.ts";
export { type HttpClient, httpClient, type UrlRequest } from "./http-client.ts";
export { type Http1PoolOptions, http1Pool } from "./http1-pool.ts";
export { type Http1ServerOptions, serveHttp1 } from "./http1-server.ts";
export type { StreamChannel, StreamUser } from "./http2/client/channel.ts";
export type { PeerFacts, StreamHandler } from "./http2/server/connection.ts";
export type { ConnectionFigures, StreamServer } from "./http2/server/server.ts";
export type { MessageStream, StreamFailure, StreamListener } from "./http2/stream.ts";
export { http2Pool, serveHttp2, serveStreams, streamChannel } from "./http2.ts";
export type {
  ClientTls,
  Http2Engine,
  Http2PoolOptions,
  Http2ServerOptions,
  ServerTls,
} from "./http2-options.ts";
