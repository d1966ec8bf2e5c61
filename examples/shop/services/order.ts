import { randomUUID } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { client, dataFile, fail, isFault, serve } from "tusker/rpc";
import { catalogue } from "./catalogue.ts";
import { Order, Orders, Payments, Users } from "./contracts.ts";

// Several instances share the file: a write waits for another's.
const db = new DatabaseSync(dataFile("orders.db"), { timeout: 5_000 });
db.exec(
  "PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, body TEXT NOT NULL)",
);
const find = db.prepare("SELECT body FROM orders WHERE id = ?");
const insert = db.prepare("INSERT INTO orders VALUES (?, ?)");

const users = client(Users); // gRPC
const payments = client(Payments); // REST

await serve(Orders, {
  getOrder: ({ id }) => {
    const row = find.get(id);
    if (row === undefined) throw fail(Orders.getOrder, "NOT_FOUND", `there is no order ${id}`, { id });
    return Order.parse(JSON.parse(String(row.body)));
  },

  createOrder: async ({ user_id, items, card }) => {
    let total = 0;
    for (const { product_id, quantity, price } of items) {
      const cents = Math.round(price * 100);
      const listed = catalogue.get(product_id) ?? cents;
      if (listed !== cents) {
        throw fail(Orders.createOrder, "PRICE_CHANGED", `${product_id} costs ${listed / 100}`, {
          product_id,
        });
      }
      total += cents * quantity;
    }
    await users.getUser({ id: user_id }).catch((error) => {
      if (!isFault(error, Users.getUser, "NOT_FOUND")) throw error;
      throw fail(Orders.createOrder, "USER_NOT_FOUND", error.message, { user_id });
    });
    const id = randomUUID();
    await payments
      .charge({ order_id: id, user_id, amount: total, card }, { idempotencyKey: id })
      .catch((error) => {
        if (!isFault(error, Payments.charge, "CARD_DECLINED")) throw error;
        throw fail(Orders.createOrder, "CARD_DECLINED", error.message);
      });
    const order: Order = {
      id,
      user_id,
      items,
      total: total / 100,
      status: "paid",
      created_at: new Date().toISOString(),
    };
    insert.run(id, JSON.stringify(order));
    return order;
  },
});
