import { contract } from "tusker/rpc";
import { z } from "zod";

/** Money is whole cents: 0.1 + 0.2 has no place in an invoice. */
const Cents = z.int().min(0);

export const User = z.object({ id: z.string(), name: z.string(), email: z.email() });

export const Users = contract(
  "user-service",
  {
    getUser: {
      http: "GET /users/{id}",
      in: z.object({ id: z.string() }),
      out: User,
      errors: { NOT_FOUND: 404 },
    },
    createUser: {
      http: "POST /users",
      in: z.object({ name: z.string().min(1), email: z.email() }),
      out: User,
      status: 201,
      errors: { EMAIL_TAKEN: 409 },
    },
    listUsers: { http: "GET /users", in: z.object({}), out: z.object({ users: z.array(User) }) },
  },
  { protocol: "grpc" },
);

export const Receipt = z.object({
  id: z.string(),
  order_id: z.string(),
  amount: Cents,
  status: z.literal("paid"),
});

export const Payments = contract("payment-service", {
  charge: {
    http: "POST /payments",
    in: z.object({
      order_id: z.string(),
      user_id: z.string(),
      amount: Cents,
      card: z.string().default("4242424242424242"),
    }),
    out: Receipt,
    status: 201,
    errors: { CARD_DECLINED: 402 },
  },
});

/** Total and prices are in the shop's currency, with two decimals. */
const Item = z.object({
  product_id: z.string(),
  quantity: z.int().min(1).max(1000),
  /** In the shop's currency, at most two decimals, as the caller saw it. */
  price: z.number().positive().multipleOf(0.01),
});

export const Order = z.object({
  id: z.string(),
  user_id: z.string(),
  items: z.array(Item),
  total: z.number(),
  status: z.literal("paid"),
  created_at: z.iso.datetime(),
});

export const Orders = contract("order-service", {
  getOrder: {
    http: "GET /orders/{id}",
    in: z.object({ id: z.string() }),
    out: Order,
    errors: { NOT_FOUND: 404 },
  },
  createOrder: {
    http: "POST /orders",
    in: z.object({ user_id: z.string(), items: z.array(Item).min(1), card: z.string().optional() }),
    out: Order,
    status: 201,
    errors: { USER_NOT_FOUND: 404, PRICE_CHANGED: 409, CARD_DECLINED: 402 },
  },
});

export type Order = z.output<typeof Order>;
