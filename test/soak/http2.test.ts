/**
 * The sequences of test/fuzz/http2.test.ts for as long as it takes: a million by default, from a seed that stands in the
 * name of the test; TUSKER_FUZZ_RUNS and TUSKER_FUZZ_SEED say otherwise.
 */
import { systemRandom } from "../../src/kernel/index.ts";

process.env.TUSKER_FUZZ_RUNS ??= "1000000";
process.env.TUSKER_FUZZ_SEED ??= String(systemRandom.below(2 ** 31));

await import("../fuzz/http2.test.ts");
