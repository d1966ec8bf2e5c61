/** A certificate with its key, as PEM texts. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** How a server proves who it is. */
export interface Http1ServerTls {
  /**
   * The certificate for the name a client asks for (SNI); undefined refuses the handshake. Asked for every new
   * connection: what it answers may change while the server runs. Give back the same object as long as nothing changed.
   */
  readonly certificate: (serverName: string | undefined) => Certificate | undefined;
  /** Protocols offered by ALPN (RFC 7301), best first; default http/1.1. */
  readonly protocols?: readonly string[];
  /** PEM texts of authorities whose clients are believed; with it every client must show a certificate. */
  readonly clientAuthorities?: readonly string[];
  /** Time for the handshake; default 5,000. */
  readonly handshakeTimeoutMs?: number;
}
