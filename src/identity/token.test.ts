import assert from "node:assert/strict";
import { generateKeyPairSync, sign, webcrypto } from "node:crypto";
import { test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { manualClock, TuskerError } from "../kernel/index.ts";
import { createSigner, createVerifier, type TokenRequest } from "./index.ts";

const request: TokenRequest = { subject: "operator", audience: "shop", scopes: ["fleet.*"], ttlMs: 60_000 };

function parts(token: string): [string, string, string] {
  const [head, body, seal] = token.split(".");
  assert.ok(head !== undefined && body !== undefined && seal !== undefined);
  return [head, body, seal];
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const decode = (text: string): unknown => JSON.parse(Buffer.from(text, "base64url").toString("utf8"));

function bench() {
  const clock = manualClock();
  const signer = createSigner({ clock });
  const verifier = createVerifier([signer.publicJwk]);
  const verify = (token: string, audience = "shop", leewayMs = 0) =>
    verifier.verify(token, { audience, clock, leewayMs });
  return { clock, signer, verifier, verify };
}

/** A token signed with a key the verifier knows, so that only its content can be at fault. */
function forge(header: object, payload: unknown) {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const { x = "" } = publicKey.export({ format: "jwk" });
  const key = { kty: "OKP", crv: "Ed25519", x, kid: "known", alg: "EdDSA", use: "sig" } as const;
  const input = `${encode(header)}.${encode(payload)}`;
  return {
    token: `${input}.${sign(null, Buffer.from(input), privateKey).toString("base64url")}`,
    verify(token: string) {
      return createVerifier([key]).verify(token, { audience: "shop", clock: manualClock(0) });
    },
  };
}

const goodHeader = { alg: "EdDSA", typ: "tusker+jwt", kid: "known" };
const goodPayload = { sub: "a", aud: "shop", scope: "x y", iat: 0, nbf: 0, exp: 10, jti: "1" };
const isRefusal = { code: "IDENTITY_TOKEN" };

test("what was minted is what is read", () => {
  const { clock, signer, verify } = bench();
  const claims = verify(signer.mint(request).reveal());
  assert.deepEqual(
    { ...claims, id: "" },
    {
      subject: "operator",
      audience: "shop",
      scopes: ["fleet.*"],
      issuedAtMs: clock.wall(),
      expiresAtMs: clock.wall() + 60_000,
      id: "",
    },
  );
  assert.match(claims.id, /^[0-9a-f-]{36}$/);
});

test("every token has an id of its own", () => {
  const { signer, verify } = bench();
  assert.notEqual(verify(signer.mint(request).reveal()).id, verify(signer.mint(request).reveal()).id);
});

test("any request within the limits comes back as it went", () => {
  const { signer, verify, clock } = bench();
  const name = fc.string({ minLength: 1, maxLength: 64, unit: "grapheme" }).filter((t) => t.length <= 256);
  const scope = fc.stringMatching(/^[a-z.*:-]{1,40}$/);
  fc.assert(
    fc.property(
      name,
      name,
      fc.array(scope, { maxLength: 16 }),
      fc.integer({ min: 1, max: 366 * 86_400_000 }),
      (subject, audience, scopes, ttlMs) => {
        const claims = verify(signer.mint({ subject, audience, scopes, ttlMs }).reveal(), audience);
        assert.deepEqual([claims.subject, claims.audience, claims.scopes], [subject, audience, scopes]);
        const lifeMs = claims.expiresAtMs - clock.wall();
        assert.ok(lifeMs >= ttlMs && lifeMs < ttlMs + 1000);
      },
    ),
    { numRuns: 60 },
  );
});

test("WebCrypto, which shares no code of ours, accepts the signature and knows the thumbprint", async () => {
  const { signer } = bench();
  const [head, body, seal] = parts(signer.mint(request).reveal());
  const { kty, crv, x } = signer.publicJwk;
  const key = await webcrypto.subtle.importKey("jwk", { kty, crv, x }, "Ed25519", false, ["verify"]);
  const valid = await webcrypto.subtle.verify(
    "Ed25519",
    key,
    Buffer.from(seal, "base64url"),
    Buffer.from(`${head}.${body}`),
  );
  assert.equal(valid, true);
  const canonical = JSON.stringify({ crv, kty, x });
  const digest = await webcrypto.subtle.digest("SHA-256", Buffer.from(canonical));
  assert.equal(Buffer.from(digest).toString("base64url"), signer.keyId);
  assert.deepEqual(decode(head), { alg: "EdDSA", typ: "tusker+jwt", kid: signer.keyId });
});

test("a sound JWS of somebody else, RFC 8037 appendix A.4, is no token of ours", () => {
  const x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
  const jwk = { kty: "OKP", crv: "Ed25519", x, kid: "rfc", alg: "EdDSA", use: "sig" } as const;
  const token =
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc." +
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
  assert.throws(
    () => createVerifier([jwk]).verify(token, { audience: "a", clock: manualClock() }),
    isRefusal,
  );
});

test("a token dies on the millisecond of its end, later with leeway", () => {
  const { clock, signer, verify } = bench();
  const token = signer.mint(request).reveal();
  clock.advance(59_999);
  assert.equal(verify(token).subject, "operator");
  clock.advance(1);
  assert.throws(() => verify(token), isRefusal);
  assert.equal(verify(token, "shop", 1000).subject, "operator");
  clock.advance(1000);
  assert.throws(() => verify(token, "shop", 1000), isRefusal);
});

test("a token from a clock that runs ahead waits, unless leeway covers it", () => {
  const ahead = manualClock(20_000);
  const signer = createSigner({ clock: ahead });
  const token = signer.mint(request).reveal();
  const verifier = createVerifier([signer.publicJwk]);
  const clock = manualClock(15_000);
  assert.throws(() => verifier.verify(token, { audience: "shop", clock }), isRefusal);
  assert.equal(verifier.verify(token, { audience: "shop", clock, leewayMs: 5000 }).subject, "operator");
});

test("a token for another audience is refused", () => {
  const { signer, verify } = bench();
  const token = signer.mint(request).reveal();
  assert.throws(() => verify(token, "other"), isRefusal);
});

test("a token of another signer is refused, also when it borrows the known key id", () => {
  const { verify, signer } = bench();
  const stranger = createSigner({ clock: manualClock() });
  const token = stranger.mint(request).reveal();
  assert.throws(() => verify(token), isRefusal);
  const [, body, seal] = parts(token);
  const [head] = parts(signer.mint(request).reveal());
  assert.throws(() => verify(`${head}.${body}.${seal}`), isRefusal);
});

test("two keys are believed while keys are being changed", () => {
  const clock = manualClock();
  const [older, newer] = [createSigner({ clock }), createSigner({ clock })];
  const verifier = createVerifier([older.publicJwk, newer.publicJwk]);
  for (const signer of [older, newer])
    assert.equal(
      verifier.verify(signer.mint(request).reveal(), { audience: "shop", clock }).subject,
      "operator",
    );
});

test("one changed character anywhere kills a token", () => {
  const { signer, verify } = bench();
  const token = signer.mint(request).reveal();
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ";
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.nat(alphabet.length - 1), (at, pick) => {
      fc.pre(token[at] !== alphabet[pick]);
      const changed = token.slice(0, at) + alphabet[pick] + token.slice(at + 1);
      assert.throws(() => verify(changed), isRefusal);
    }),
    { numRuns: 300 },
  );
});

test("any text at all is refused with IDENTITY_TOKEN and nothing else", () => {
  const { verify } = bench();
  const dotted = fc.array(fc.base64String({ maxLength: 60 }), { maxLength: 5 }).map((list) => list.join("."));
  fc.assert(
    fc.property(fc.oneof(fc.string(), dotted), (text) => {
      assert.throws(() => verify(text), isRefusal);
    }),
    { numRuns: 300 },
  );
});

test("other algorithms, types and header fields are refused under a valid signature", () => {
  for (const header of [
    { ...goodHeader, alg: "none" },
    { ...goodHeader, alg: "HS256" },
    { ...goodHeader, alg: "eddsa" },
    { ...goodHeader, alg: undefined },
    { ...goodHeader, typ: "JWT" },
    { ...goodHeader, typ: undefined },
    { ...goodHeader, crit: ["exp"] },
    { ...goodHeader, jwk: {} },
    { ...goodHeader, kid: 1 },
    { ...goodHeader, kid: "unknown" },
    { ...goodHeader, kid: "__proto__" },
  ]) {
    const { token, verify } = forge(header, goodPayload);
    assert.throws(() => verify(token), isRefusal, JSON.stringify(header));
  }
  const { token, verify } = forge(goodHeader, goodPayload);
  assert.deepEqual(verify(token).scopes, ["x", "y"]);
});

test("a token without a signature is refused", () => {
  const { signer, verify } = bench();
  const [head, body] = parts(signer.mint(request).reveal());
  for (const token of [`${head}.${body}.`, `${head}.${body}`, `${head}.${body}.AA`, `${head}.${body}.a.b`])
    assert.throws(() => verify(token), isRefusal);
});

test("claims that are missing or of a wrong kind are refused under a valid signature", () => {
  for (const name of Object.keys(goodPayload)) {
    for (const value of [undefined, null, {}, [], true, "aud" === name ? "other" : 1.5]) {
      const { token, verify } = forge(goodHeader, { ...goodPayload, [name]: value });
      assert.throws(() => verify(token), isRefusal, `${name}: ${String(value)}`);
    }
  }
  for (const payload of [null, [], "text", 1]) {
    const { token, verify } = forge(goodHeader, payload);
    assert.throws(() => verify(token), isRefusal);
  }
});

test("an over-long token is refused before it is decoded", () => {
  const { verify } = bench();
  assert.throws(() => verify("a".repeat(4097)), isRefusal);
});

test("a refusal holds nothing of the token, however it is printed", () => {
  const { signer, verify, clock } = bench();
  const token = signer.mint(request).reveal();
  const [head, body, seal] = parts(token);
  clock.advance(60_000);
  for (const bad of [token, `${head}.${body}.${seal.slice(0, -4)}AAAA`, `${head}.${body}`, `x${token}`]) {
    try {
      verify(bad);
      assert.fail("accepted");
    } catch (error) {
      assert.ok(error instanceof TuskerError);
      const printed = inspect(error, { depth: 9 }) + JSON.stringify(error.details);
      for (const piece of [head, body, seal]) assert.ok(!printed.includes(piece));
    }
  }
});

test("a minted token does not print", () => {
  const token = bench().signer.mint(request);
  assert.equal(
    `${token} ${JSON.stringify({ token })} ${inspect(token)}`,
    '[secret] {"token":"[secret]"} [secret]',
  );
});

test("requests that make no sense are refused at the mint", () => {
  const { signer } = bench();
  for (const wrong of [
    { ...request, subject: "" },
    { ...request, subject: "a".repeat(257) },
    { ...request, audience: "" },
    { ...request, scopes: Array.from({ length: 65 }, () => "a") },
    { ...request, scopes: ["a b"] },
    { ...request, scopes: [""] },
    { ...request, scopes: Array.from({ length: 60 }, () => "a".repeat(200)) },
    { ...request, ttlMs: 0 },
    { ...request, ttlMs: Number.NaN },
    { ...request, ttlMs: 367 * 86_400_000 },
  ])
    assert.throws(() => signer.mint(wrong), { code: "IDENTITY_INVALID" });
});
