import { calculate } from "../value/arithmetic.ts";
import type { Data, Evaluated } from "../value/data.ts";
import { withAll, withNumber, withValue } from "./argument.ts";
import type { OperatorCall, Result } from "./row.ts";

/** The least or greatest of numbers, durations or sizes. */
export function extreme(call: OperatorCall, operator: "<" | ">"): Result {
  return withAll(call, (values) => {
    let best: Evaluated | undefined;
    for (const value of values) {
      const wins = best === undefined ? true : compare(call, operator, value.data, best.data);
      if (wins === undefined) return undefined;
      if (wins) best = value;
    }
    return best;
  });
}

/** `@clamp(value, least, most)` */
export function clamp(call: OperatorCall): Result {
  return withValue(call, "value", (value) =>
    withValue(call, "least", (least) =>
      withValue(call, "most", (most) => {
        const crossed = compare(call, ">", least.data, most.data);
        const below = compare(call, "<", value.data, least.data);
        if (crossed === undefined || below === undefined) return undefined;
        if (crossed) return call.fail("TSK_RANGE", "@clamp has a least that is more than its most");
        if (below) return least;
        const above = compare(call, ">", value.data, most.data);
        return above === undefined ? undefined : above ? most : value;
      }),
    ),
  );
}

function compare(call: OperatorCall, operator: "<" | ">", a: Data, b: Data): boolean | undefined {
  const outcome = calculate(operator, a, b);
  if ("code" in outcome) return call.fail(outcome.code, `@${call.node.name}: ${outcome.message}`);
  return outcome.data === true;
}

/** A number rounded by `how`, to so many digits after the point. */
export function rounded(call: OperatorCall, how: (value: number) => number): Result {
  return withNumber(call, "value", (value) => {
    if (!call.has("digits")) return call.give(plain(how(value)));
    return withNumber(call, "digits", (digits) => {
      if (!Number.isInteger(digits) || digits < 0 || digits > 15)
        return call.fail("TSK_ARGUMENTS", `@${call.node.name} takes 0 to 15 digits`);
      const scaled = how(Number(`${value}e${digits}`));
      const result = Number.isFinite(scaled) ? Number(`${scaled}e-${digits}`) : value;
      return call.give(Number.isFinite(result) ? plain(result) : value);
    });
  });
}

/** JSON knows no negative zero. */
function plain(value: number): number {
  return value === 0 ? 0 : value;
}
