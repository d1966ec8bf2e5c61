import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type CallContext, type Layer, stack } from "./index.ts";

const ctx: CallContext = { signal: new AbortController().signal };

function marking(name: string, seen: string[]): Layer<string, string> {
  return (next) => async (req, c) => {
    seen.push(`${name} in`);
    const answer = await next(`${req}>${name}`, c);
    seen.push(`${name} out`);
    return `${answer}<${name}`;
  };
}

test("the first layer is the outermost", async () => {
  const seen: string[] = [];
  const call = stack(async (req: string) => `[${req}]`, [marking("trace", seen), marking("retry", seen)]);
  assert.equal(await call("get", ctx), "[get>trace>retry]<retry<trace");
  assert.deepEqual(seen, ["trace in", "retry in", "retry out", "trace out"]);
});

test("without layers the call is the inner one", () => {
  const inner = async (req: string): Promise<string> => req;
  assert.equal(stack(inner, []), inner);
});

test("a layer that does not call next ends the journey", async () => {
  const refuse: Layer<string, string> = () => async () => "no";
  const call = stack(async () => assert.fail("reached"), [refuse]);
  assert.equal(await call("get", ctx), "no");
});

test("every layer gets the context it was given", async () => {
  const deadline: Layer<string, number | undefined> = (next) => (req, c) => next(req, { ...c, deadline: 7 });
  const call = stack(async (_req: string, c: CallContext) => c.deadline, [deadline]);
  assert.equal(await call("get", ctx), 7);
});

test("layers are built once, not once per call", async () => {
  let built = 0;
  const counting: Layer<string, string> = (next) => {
    built++;
    return next;
  };
  const call = stack(async (req: string) => req, [counting]);
  await call("a", ctx);
  await call("b", ctx);
  assert.equal(built, 1);
});

test("stacking in two steps is stacking in one", async () => {
  const names = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(names, names, async (outer, inner) => {
      const layers = (list: string[]): Layer<string, string>[] => list.map((name) => marking(name, []));
      const base = async (req: string): Promise<string> => req;
      const once = stack(base, layers([...outer, ...inner]));
      const twice = stack(stack(base, layers(inner)), layers(outer));
      assert.equal(await once("x", ctx), await twice("x", ctx));
    }),
    { numRuns: 50 },
  );
});
