/**
 * Loaded before the tests of the gate: properties draw from one seed, so that a change is judged by itself and not by
 * the luck of the day. TUSKER_TEST_SEED=7 draws others; `npm run test:soak` takes new ones each time.
 */
import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env.TUSKER_TEST_SEED ?? "1") });
