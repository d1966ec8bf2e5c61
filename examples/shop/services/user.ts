import { randomUUID } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { dataFile, fail, serve } from "tusker/rpc";
import { User, Users } from "./contracts.ts";

// Several instances share the file: a write waits for another's.
const db = new DatabaseSync(dataFile("users.db"), { timeout: 5_000 });
db.exec(`
  PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE);
  INSERT OR IGNORE INTO users VALUES
    ('123', 'Ada Lovelace', 'ada@example.com'),
    ('124', 'Grace Hopper', 'grace@example.com'),
    ('125', 'Barbara Liskov', 'barbara@example.com');
`);
const find = db.prepare("SELECT id, name, email FROM users WHERE id = ?");
const list = db.prepare("SELECT id, name, email FROM users ORDER BY id");
const insert = db.prepare("INSERT INTO users VALUES (?, ?, ?) ON CONFLICT (email) DO NOTHING");

await serve(Users, {
  getUser: ({ id }) => {
    const user = find.get(id);
    if (user === undefined) throw fail(Users.getUser, "NOT_FOUND", `there is no user ${id}`, { id });
    return User.parse(user);
  },
  createUser: ({ name, email }) => {
    const user = { id: randomUUID(), name, email };
    if (insert.run(user.id, name, email).changes === 0) {
      throw fail(Users.createUser, "EMAIL_TAKEN", `${email} belongs to another user`);
    }
    return user;
  },
  listUsers: () => ({ users: list.all().map((row) => User.parse(row)) }),
});
