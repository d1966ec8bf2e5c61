const unitMs = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 } as const;
const finestFirst = ["n", "u", "m", "S", "M", "H"] as const;

/**
 * Milliseconds of a `grpc-timeout` value: one to eight digits and a unit
 * (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md); undefined when absent or not of that form.
 */
export function parseGrpcTimeout(value: string | undefined): number | undefined {
  const match = value === undefined ? null : /^(\d{1,8})([HMSmun])$/.exec(value);
  if (match === null) return undefined;
  return Number(match[1]) * unitMs[match[2] as keyof typeof unitMs];
}

/** The finest `grpc-timeout` whose number fits in eight digits, rounded down: the peer must not outlive us. */
export function formatGrpcTimeout(ms: number): string {
  if (ms <= 0) return "0n";
  for (const unit of finestFirst) {
    const number = Math.floor(ms / unitMs[unit]);
    if (number <= 99_999_999) return `${number}${unit}`;
  }
  return "99999999H";
}
