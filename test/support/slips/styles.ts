import { asFleet, type Judged } from "./judge.ts";

/** The same fleet as people write it who have learned other languages first. None of it is what the formatter writes. */
const styles: Readonly<Record<string, string>> = {
  json: `{
  "fleet": { "name": "tickets" },
  "services": {
    "seats": {
      "run": "true",
      "port": 8081,
      "dependencies": ["database"],
      "config": { "pool": 4, "host": "localhost" }
    },
    "orders": {
      "run": "true",
      "port": 8082,
      "dependencies": [
        "seats",
        "database"
      ]
    }
  },
  "gateway": {
    "port": 8080,
    "timeout": "30s"
  },
  "routes": {
    "/seats/*": { "service": "seats", "method": "GET", "retries": 2 },
    "/orders": { "service": "orders", "method": "POST" }
  }
}
`,
  braces: `fleet {
  name: "tickets"
}
services {
  seats {
    run: "true"
    port: 8081
    dependencies: ["database"]
    config {
      pool: 4
      host: "localhost"
    }
  }
  orders {
    run: "true"
    port: 8082
    dependencies: ["seats", "database"]
  }
}
gateway {
  port: 8080
  timeout: "30s"
}
routes {
  "/seats/*" { service: "seats", method: "GET", retries: 2 }
  "/orders" { service: "orders", method: "POST" }
}
`,
  headers: `[fleet]
name = "tickets"

[services.seats]
run = "true"
port = 8081
dependencies = ["database"]

[services.seats.config]
pool = 4
host = "localhost"

[services.orders]
run = "true"
port = 8082
dependencies = ["seats", "database"]

[gateway]
port = 8080
timeout = "30s"

[routes]
"/seats/*" = { service = "seats", method = "GET", retries = 2 }
"/orders" = { service = "orders", method = "POST" }
`,
  small: `[services]
seats: {
  run: "true"
  instances: 2
}
[routes]
"/seats": { service: "seats", method: "GET" }
`,
};

/** The fleet in each style, and how a text in its place is judged. */
export function styledTexts(): readonly Judged[] {
  return Object.entries(styles).map(([name, text]) => ({
    name,
    text,
    judge: asFleet("/nowhere/tickets/tusker.tsk"),
  }));
}
