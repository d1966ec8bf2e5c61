// For users of the package and for other rooms: one interface over every engine and HTTP version.
export { readAll } from "./bytes.ts";
export { type ConnectionMeters, connectionMeters } from "./connection-meters.ts";
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
  type UpgradeOffer,
} from "./exchange.ts";
export { type HttpClient, httpClient, type UrlRequest } from "./http-client.ts";
export { type HttpPoolOptions, httpPool } from "./http-pool.ts";
// The HTTP/1.1 engine in callback form: what the gateway's data path is made of.
export { createHttp1Client, type Http1ClientOptions } from "./http1/client/client.ts";
export { poolOf } from "./http1/client/to-pool.ts";
export { FieldBlock } from "./http1/codec/field-block.ts";
export type { WireProblem } from "./http1/codec/problem.ts";
export {
  type AnswerHead,
  type AnswerListener,
  chunked,
  type ExchangeListener,
  type Http1Client,
  type Http1Exchange,
  type OutgoingExchange,
  type OutgoingRequest,
  type RequestHead,
  type Tunnel,
  untilClose,
} from "./http1/engine.ts";
export type { Http1Limits, LimitName } from "./http1/limits.ts";
export type {
  EarlyAnswer,
  EarlyMarks,
  Http1ConnectionOptions,
  Http1EngineOptions,
} from "./http1/options.ts";
export {
  type Http1Connections,
  http1Connections,
  startHttp1Server,
} from "./http1/server/start.ts";
export { handOver } from "./http1/server/to-exchange.ts";
export type { Http1PoolOptions, Http1ServerOptions, Transport } from "./http1-options.ts";
export { http1Pool } from "./http1-pool.ts";
export type {
  ConnectionFigures,
  MessageCounts,
  MessageStream,
  PeerFacts,
  StreamChannel,
  StreamFailure,
  StreamHandler,
  StreamListener,
  StreamServer,
  StreamUser,
} from "./http2/streams.ts";
export { isConnectionFigures } from "./http2/streams.ts";
export { http2Pool, serveHttp2, serveStreams, streamChannel } from "./http2.ts";
export type {
  ClientTls,
  Http2Engine,
  Http2PoolOptions,
  Http2ServerOptions,
} from "./http2-options.ts";
export { authority, isLoopback, isOwnName, refuseRebinding } from "./loopback.ts";
export { type BodySink, type BodySource, PushedBody, SharedBytes } from "./pushed-body.ts";
export { serveHttp1 } from "./serve-http1.ts";
export { Alarm } from "./socket/alarm.ts";
export { kept } from "./socket/lent.ts";
export type { SocketListener, SocketPort, TlsFacts } from "./socket/port.ts";
export type { Certificate, Http1ServerTls } from "./socket/server-tls.ts";
