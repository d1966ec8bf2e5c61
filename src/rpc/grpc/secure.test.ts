import { strict as assert } from "node:assert";
import { test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { z } from "zod";
import { testCertificate } from "../../../test/support/certificate.ts";
import { systemClock } from "../../kernel/index.ts";
import { headerOf, serveStreams } from "../../net/index.ts";
import { client } from "../client.ts";
import { contract, infoOf } from "../contract.ts";
import { emptyLock } from "../proto/lock.ts";
import { grpcSection } from "../section.ts";
import { bindGrpc } from "./binding.ts";
import { frame } from "./frame.ts";
import { grpcStreams } from "./serving/serve.ts";

// A service behind TLS, which its client knows by an address of https.

const Text = z.object({ text: z.string() });
const Words = contract("word-service", { say: { http: "POST /say", in: Text, out: Text } });

for (const engine of ["tusker", "node"] as const)
  test(`${engine}: a client calls over TLS, and says so in its head`, async () => {
    const [say] = bindGrpc(infoOf(Words), emptyLock).methods;
    assert.ok(say);
    let scheme: string | undefined;
    const handler = grpcStreams(
      new Map([
        [
          say.path,
          {
            kind: "unary",
            decode: (message) => say.request.decode(message),
            answer(call, input) {
              scheme = headerOf(call.fields, ":scheme");
              return frame(say.response.encode(input.ok ? input.value : {}));
            },
          },
        ],
      ]),
      { maxMessageBytes: 1_000, defaultTimeoutMs: 5_000, compressAbove: undefined, clock: systemClock },
    );
    await using server = await serveStreams(handler, {
      port: 0,
      tls: { certificate: () => testCertificate },
    });
    const before = getCACertificates("default");
    setDefaultCACertificates([testCertificate.cert]);
    try {
      await using words = client(Words, {
        protocol: "grpc",
        url: `https://127.0.0.1:${server.port}`,
        parts: { discovery: undefined, lockFile: undefined, grpc: grpcSection.parse({ engine }) },
      });
      assert.deepEqual(await words.say({ text: "hi" }), { text: "hi" });
      assert.equal(scheme, "https");
    } finally {
      setDefaultCACertificates(before);
    }
  });
