import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { messageOf } from "../../src/kernel/index.ts";
import { type CampaignTarget, leastTexts, tskCampaign } from "../support/tsk-campaign.ts";
import { type Input, kept } from "../support/tsk-found.ts";

// TUSKER_FUZZ_SECONDS=60 goes on for longer, TUSKER_FUZZ_SEED=7 begins elsewhere.
const seconds = Number(process.env.TUSKER_FUZZ_SECONDS ?? "3");
const seed = Number(process.env.TUSKER_FUZZ_SEED ?? "1");

test(`any text gives a value or diagnostics (${seconds} s, seed ${seed})`, {
  timeout: (seconds + 60) * 1000,
}, (t) => {
  const { texts, perSecond } = tskCampaign(seconds, seed);
  t.diagnostic(`${texts} texts`);
  // In a run of a few seconds the engine compiles what it runs: eighteen are usual beside other jobs.
  const least = seconds < 10 ? leastTexts / 2 : leastTexts;
  assert.ok(perSecond > least, `${perSecond} texts a second`);
});

/** A campaign whose check refuses some of what it tries, in a folder of its own, and what it kept there. */
function campaign(check: (input: Input) => void, inputs: CampaignTarget["inputs"]): Kept {
  const folder = mkdtempSync(join(tmpdir(), "tusker-found-"));
  const run = (): string => {
    try {
      return `${tskCampaign(0.2, 7, { check, inputs, folder }).texts} texts`;
    } catch (error) {
      return messageOf(error);
    }
  };
  const files = (): readonly string[] => readdirSync(folder).map((name) => join(folder, name));
  return { run, files, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

interface Kept extends Disposable {
  readonly run: () => string;
  readonly files: () => readonly string[];
}

test("what is found is kept with the bytes it has, its path is told, and it is tried first from then on", () => {
  const refused: Input[] = [];
  const inputs: CampaignTarget["inputs"] = (text) => [
    { kind: "bytes", bytes: new TextEncoder().encode(`${text}\0`).fill(0xff, 1, 2) },
  ];
  using found = campaign((input) => {
    refused.push(input);
    throw new Error("never right");
  }, inputs);
  const first = found.run();
  const [file = "", ...more] = found.files();
  assert.deepEqual(more, []);
  assert.ok(first.includes("never right") && first.endsWith(`kept as ${file}`), first);
  assert.deepEqual(refused, [{ kind: "bytes", bytes: new Uint8Array(readFileSync(file)) }]);
  const again = found.run();
  assert.ok(again.endsWith(`found before, ${file}`), again);
  assert.deepEqual(refused[1]?.kind === "bytes" && [...refused[1].bytes], [...readFileSync(file)]);
  assert.deepEqual([refused.length, found.files()], [2, [file]]);
});

test("a text is kept as a golden case, and is the same text when it is tried again", () => {
  const refused: Input[] = [];
  using found = campaign(
    (input) => {
      if (input.kind !== "text" || !input.text.includes("{")) return;
      refused.push(input);
      throw new Error("a brace");
    },
    (text) => [{ kind: "text", text }],
  );
  assert.match(found.run(), /a brace\n[\s\S]*kept as .*\.tsk$/);
  const [file = ""] = found.files();
  const [first] = refused;
  assert.equal(readFileSync(file, "utf8"), `${first?.kind === "text" && first.text}\n=== value\n{}\n`);
  assert.match(found.run(), /found before/);
  assert.deepEqual(refused[1], first);
});

test("all kinds of inputs come back as they were kept", () => {
  const all: readonly Input[] = [
    { kind: "text", text: "a: 1" },
    { kind: "text", text: "\ufeffa: 1\r\n\n" },
    { kind: "text", text: "" },
    { kind: "text", text: "half \ud800 a pair" },
    { kind: "text", text: "=== value\n" },
    { kind: "secret", text: "a: 1\nb: 2", line: 1 },
    { kind: "layers", text: "a: 1", over: "\udc00" },
    { kind: "bytes", bytes: Uint8Array.of(0, 0xff, 0xc3, 10) },
  ];
  for (const input of all) {
    using found = campaign(
      () => {
        throw new Error("never right");
      },
      () => [input],
    );
    found.run();
    const [back] = kept(dirname(found.files()[0] ?? ""));
    assert.deepEqual(
      back?.input.kind === "bytes" ? [...back.input.bytes] : back?.input,
      input.kind === "bytes" ? [...input.bytes] : input,
    );
  }
});

test("what passes leaves nothing behind", () => {
  using found = campaign(
    () => {},
    (text) => [{ kind: "text", text }],
  );
  assert.match(found.run(), /^\d+ texts$/);
  assert.deepEqual(found.files(), []);
});
