import { workerData } from "node:worker_threads";
import { messageOf, withReferences } from "../../../kernel/index.ts";
import { type SchemaAnswer, type SchemaQuestion, violationsBy } from "./schema-module.ts";

// Runs in a thread of its own, see `inThread` there: what a process has loaded it does not load again.
const { file, root, value, references, port, answered }: SchemaQuestion = workerData;
port.postMessage(answer());
Atomics.store(answered, 0, 1);
Atomics.notify(answered, 0);

function answer(): SchemaAnswer {
  try {
    return { found: violationsBy(withReferences(value, references), file, root) };
  } catch (error) {
    return { failed: messageOf(error) };
  }
}
