import type { Command } from "../command.ts";
import { file, json, sealKey } from "./options.ts";

/** What one does with sealed texts. */
export const secrets: readonly Command[] = [
  {
    name: "secret keygen",
    summary: "make a pair of keys for sealed values",
    operands: "",
    maxOperands: 0,
    options: {
      json,
      out: { type: "string", value: "FILE", help: "write the secret key there, for its owner alone" },
    },
    load: () => import("../commands/secret/keygen.ts"),
  },
  {
    name: "secret encrypt",
    summary: "seal a text for @encrypted; from standard input without an operand",
    operands: "[text]",
    maxOperands: 1,
    options: { json, key: sealKey },
    load: () => import("../commands/secret/encrypt.ts"),
  },
  {
    name: "secret decrypt",
    summary: "open a sealed text with the keys of this host",
    operands: "sealed",
    maxOperands: 1,
    options: { json },
    load: () => import("../commands/secret/decrypt.ts"),
  },
  {
    name: "secret rotate",
    summary: "seal every sealed value of .tsk files anew for another key",
    operands: "[file or folder…]",
    maxOperands: 1000,
    options: { json, file, key: { type: "string", value: "PUBLIC", help: "the new public key" } },
    load: () => import("../commands/secret/rotate.ts"),
  },
];
