import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { createSigner, createVerifier } from "../src/identity/index.ts";
import { systemClock } from "../src/kernel/index.ts";
import type { Case } from "./subject.ts";

const clock = systemClock;
const signer = createSigner({ clock });
const verifier = createVerifier([signer.publicJwk]);
const request = { subject: "operator", audience: "shop", scopes: ["fleet.*", "service.*"], ttlMs: 3_600_000 };
const token = signer.mint(request).reveal();

const pair = generateKeyPairSync("ed25519");
const privateKey = createPrivateKey(pair.privateKey.export({ format: "pem", type: "pkcs8" }));
const publicKey = createPublicKey(privateKey);
const bytes = Buffer.from(token);
const signature = sign(null, bytes, privateKey);

/** The bare signature is what no verifier can do without; the ratio says what claims and checks cost on top. */
export const cases: readonly Case[] = [
  {
    name: "mint",
    ours: () => signer.mint(request),
    peers: { "node:crypto sign": () => sign(null, bytes, privateKey) },
  },
  {
    name: "verify",
    ours: () => verifier.verify(token, { audience: "shop", clock }),
    peers: { "node:crypto verify": () => verify(null, bytes, publicKey, signature) },
  },
];
