import { randomUUID } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { dataFile, fail, serve } from "tusker/rpc";
import { Payments, Receipt } from "./contracts.ts";

/** Test cards: this one is always declined, and so is every charge above 10,000.00. */
const declinedCard = "4000000000000002";
const limit = 1_000_000;

// Several instances share the file: a write waits for another's.
const db = new DatabaseSync(dataFile("payments.db"), { timeout: 5_000 });
db.exec(`
  PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS charges
    (id TEXT PRIMARY KEY, key TEXT UNIQUE, order_id TEXT, user_id TEXT, amount INTEGER, status TEXT);
`);
const known = db.prepare("SELECT id, order_id, amount, status FROM charges WHERE key = ?");
const insert = db.prepare("INSERT INTO charges VALUES (?, ?, ?, ?, ?, 'paid')");

await serve(Payments, {
  charge: ({ order_id, user_id, amount, card }, ctx) => {
    // A repeat of the same charge gets the receipt of the first: nobody pays twice for a lost answer.
    const key = ctx.header("idempotency-key") ?? order_id;
    const before = known.get(key);
    if (before !== undefined) return Receipt.parse(before);
    if (card === declinedCard || amount > limit) {
      throw fail(Payments.charge, "CARD_DECLINED", "the card was declined", { order_id });
    }
    const id = randomUUID();
    insert.run(id, key, order_id, user_id, amount);
    return Receipt.parse({ id, order_id, amount, status: "paid" });
  },
});
