import type { SecureContext, TLSSocket, TlsOptions, Server as TlsServer } from "node:tls";
import type { Certificate, Http1ServerTls } from "./server-tls.ts";

/** A listener that speaks TLS 1.2 and 1.3; `accept` gets connections whose handshake is complete. */
export function createSecureServer(tls: Http1ServerTls, accept: (socket: TLSSocket) => void): TlsServer {
  const { createServer } = process.getBuiltinModule("node:tls");
  // As on plain connections: who says that it will send no more may still be waiting for an answer.
  const server = createServer({ ...listenerOptions(tls), allowHalfOpen: true }, accept);
  keepShowing(server, tls);
  return server;
}

/** What a listener of Node is told of our certificates, which may change while it runs. */
export function listenerOptions(tls: Http1ServerTls): TlsOptions {
  const { createSecureContext } = process.getBuiltinModule("node:tls");
  const secureOptions = noRenegotiation();
  // Parsing a certificate costs more than a handshake; the map forgets one that nobody hands out any more.
  const contexts = new WeakMap<Certificate, SecureContext>();
  const contextOf = (serverName: string | undefined): SecureContext | undefined => {
    const certificate = tls.certificate(serverName);
    if (certificate === undefined) return undefined;
    let context = contexts.get(certificate);
    if (context === undefined) {
      const authorities = tls.clientAuthorities;
      context = createSecureContext({
        cert: certificate.cert,
        key: certificate.key,
        minVersion: "TLSv1.2",
        secureOptions,
        ...(authorities === undefined ? {} : { ca: [...authorities] }),
      });
      contexts.set(certificate, context);
    }
    return context;
  };
  return {
    ALPNProtocols: [...(tls.protocols ?? ["http/1.1"])],
    handshakeTimeout: tls.handshakeTimeoutMs ?? 5_000,
    minVersion: "TLSv1.2",
    secureOptions,
    noDelay: true,
    highWaterMark: 64 * 1024,
    ...(tls.clientAuthorities === undefined
      ? {}
      : { requestCert: true, rejectUnauthorized: true, ca: [...tls.clientAuthorities] }),
    SNICallback(serverName, tell) {
      try {
        const context = contextOf(serverName === "" ? undefined : serverName);
        // Without an error the certificate for no name would be shown for a name that is not ours.
        if (context === undefined) tell(new Error(`no certificate for ${serverName}`));
        else tell(null, context);
      } catch (error) {
        tell(error instanceof Error ? error : new Error(String(error)));
      }
    },
  };
}

/**
 * Shows whoever asks for no name (an address is none, RFC 6066 §3) the certificate for none. It is looked up before the
 * handshake begins, so that it may change as the others do.
 */
export function keepShowing(server: TlsServer, tls: Http1ServerTls): void {
  const secureOptions = noRenegotiation();
  let nameless: Certificate | undefined;
  server.prependListener("connection", () => {
    const certificate = tls.certificate(undefined);
    if (certificate === nameless || certificate === undefined) return;
    nameless = certificate;
    const { clientAuthorities } = tls;
    const authorities = clientAuthorities === undefined ? {} : { ca: [...clientAuthorities] };
    server.setSecureContext({ ...certificate, ...authorities, minVersion: "TLSv1.2", secureOptions });
  });
  // A handshake that fails is its client's affair; without a listener its socket would still be closed.
  server.on("tlsClientError", (_error, socket) => socket.destroy());
}

/** RFC 9113 §9.2.1: a handshake in the middle of a connection of TLS 1.2 costs us far more than whoever asks for it. */
function noRenegotiation(): number {
  return process.getBuiltinModule("node:crypto").constants.SSL_OP_NO_RENEGOTIATION;
}
