/** Why a message was refused: the clause it breaks, what an answer to it would say, and where it went wrong. */
export interface WireProblem {
  /** Name of the clause's function, for example "lengthBesideCoding". */
  readonly clause: string;
  /** 400, 413, 414, 431, 501 or 505. */
  readonly status: number;
  readonly text: string;
}

/** A message that breaks the grammar or a rule of framing (RFC 9112 §2.2): 400, and the connection closes. */
export function malformed(clause: string, text: string): WireProblem {
  return { clause, status: 400, text };
}
