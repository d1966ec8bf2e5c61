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
export { http2Pool, serveHttp2 } from "./http2.ts";
export type {
  ClientTls,
  Http2Engine,
  Http2PoolOptions,
  Http2ServerOptions,
  ServerTls,
} from "./http2-options.ts";
