import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** A fresh certificate that vouches for itself, and its key; both PEM. Valid for a day around now. */
export function selfSigned(name: string): { readonly cert: string; readonly key: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const ecdsaWithSha256 = sequence(objectId([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]));
  const commonName = sequence(set(sequence(objectId([0x55, 0x04, 0x03]), der(0x0c, Buffer.from(name)))));
  const now = Date.now();
  const validity = sequence(time(now - 43_200_000), time(now + 43_200_000));
  const names = sequence(der(0x82, Buffer.from(name)));
  const subjectAltName = sequence(objectId([0x55, 0x1d, 0x11]), der(0x04, names));
  const authority = sequence(
    objectId([0x55, 0x1d, 0x13]),
    der(0x01, Buffer.of(0xff)),
    der(0x04, sequence(der(0x01, Buffer.of(0xff)))),
  );
  // RFC 5280 §4.1: version 3, serial, algorithm, issuer, validity, subject, key, extensions.
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ecdsaWithSha256,
    commonName,
    validity,
    commonName,
    publicKey.export({ format: "der", type: "spki" }),
    der(0xa3, sequence(subjectAltName, authority)),
  );
  const signature = sign("sha256", body, privateKey);
  const certificate = sequence(body, ecdsaWithSha256, der(0x03, Buffer.concat([Buffer.of(0), signature])));
  const lines = certificate
    .toString("base64")
    .match(/.{1,64}/g)
    ?.join("\n");
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: String(privateKey.export({ format: "pem", type: "pkcs8" })),
  };
}

/** Tag, length, value (X.690 §8.1). */
function der(tag: number, value: Uint8Array): Buffer {
  const { length } = value;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.of(tag, ...size), value]);
}

function sequence(...parts: Uint8Array[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function set(...parts: Uint8Array[]): Buffer {
  return der(0x31, Buffer.concat(parts));
}

function objectId(bytes: readonly number[]): Buffer {
  return der(0x06, Buffer.from(bytes));
}

/** UTCTime (RFC 5280 §4.1.2.5.1). */
function time(wallMs: number): Buffer {
  const digits = new Date(wallMs).toISOString().replace(/\D/g, "").slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}
