/**
 * Either side goes in every state an exchange can be in, politely or not. Nobody hears bytes that are not theirs, and
 * afterwards nothing is left: no connection, no request under way, no load on an endpoint.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { test as onEngine } from "node:test";
import { type ManualClock, manualClock } from "../kernel/index.ts";
import {
  type Bench,
  bench,
  endpoint,
  exchangeBytes,
  parseReply,
  requestOn,
  test,
  until,
} from "./fixture.test.ts";

/** How one goes. */
const manners = {
  "ends its side": (socket: Socket): unknown => socket.end(),
  resets: (socket: Socket): unknown => socket.resetAndDestroy(),
} as const;

/** A service whose connections can be counted. `/good` is answered; all else is the test's affair. */
async function counted(
  onRequest: (socket: Socket, head: string) => void,
  onSocket?: (socket: Socket) => void,
): Promise<{ readonly port: number; readonly open: Set<Socket> } & AsyncDisposable> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
    onSocket?.(socket);
    void (async () => {
      for (;;) {
        const head = await requestOn(socket).catch(() => "");
        if (head === "" || socket.destroyed) return;
        if (head.includes("/good")) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood");
        else onRequest(socket, head);
      }
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return {
    port: address.port,
    open,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function before(port: number, clock?: ManualClock): Promise<Bench> {
  return bench({
    ...(clock === undefined ? {} : { clock }),
    gateway: { retries: 0 },
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(port)],
    breaker: "off",
  });
}

const good = "GET /good HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/**
 * Nothing is left of what went wrong, and the next request is served as if nothing had happened.
 *
 * @param clock of the gateway, which goes on: who merely ended its side may still want its answer for a second
 */
async function nothingIsLeft(
  front: Bench,
  open: ReadonlySet<Socket>,
  kept = 0,
  clock?: ManualClock,
): Promise<void> {
  await until(() => {
    clock?.advance(1);
    return front.gateway.server.connections === 0 && open.size <= kept;
  });
  const { inFlight, services } = front.gateway.stats();
  const load = services.flatMap(({ endpoints }) => endpoints.map((one) => one.inFlight));
  assert.deepEqual([inFlight, load, front.metric("tusker_gateway_tunnels")], [0, [0], 0]);
  const reply = parseReply(await exchangeBytes(front.port, good));
  assert.deepEqual([reply.status, reply.body], [200, "good"]);
  await until(() => front.gateway.server.connections === 0);
}

interface ClientState {
  /** What the client has said when it goes. */
  readonly says: string;
  /** What the service does about it. */
  readonly answers?: string;
  /** Until when the client stays; default: until the gateway has taken its connection. */
  readonly heard?: RegExp;
  readonly arrived?: RegExp;
  readonly underWay?: boolean;
  /** Connections to the service that may rest afterwards. */
  readonly kept?: number;
}

const clientStates: Readonly<Record<string, ClientState>> = {
  "before its head": { says: "" },
  "in its head": { says: "GET / HTTP/1.1\r\nHost: a\r\nX-Half" },
  "behind its head, whose body is due": {
    says: "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n",
    underWay: true,
  },
  "in its body": {
    says: "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\npart",
    arrived: /part$/,
  },
  "in a chunk of its body": {
    says: "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n64\r\npart",
    arrived: /part/,
  },
  "while the service thinks": { says: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", arrived: /^GET/ },
  "in the head of its next request, behind an answer": {
    says: "GET /good HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTT",
    heard: /good$/,
    kept: 1,
  },
  "between two exchanges": { says: "GET /good HTTP/1.1\r\nHost: a\r\n\r\n", heard: /good$/, kept: 1 },
  "in a counted answer": {
    says: "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    answers: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome",
    heard: /some$/,
  },
  "in the head of its next request, while an answer runs": {
    says: "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTT",
    answers: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nsome",
    heard: /some/,
  },
  "behind its offer of a protocol": {
    says: "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nearly",
    answers: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome",
    underWay: true,
  },
  "in an answer that refuses the protocol it asked for": {
    says: "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nearly",
    answers: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome",
    heard: /some/,
  },
  "in an answer in chunks": {
    says: "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    answers: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nsome",
    heard: /some/,
  },
  "behind an interim answer": {
    says: "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    answers: "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
    arrived: /^GET/,
  },
  "in an answer to a body that is still coming": {
    says: "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\npart",
    answers: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome",
    heard: /some$/,
  },
};

for (const [state, { says, answers, heard, arrived, underWay = false, kept = 0 }] of Object.entries(
  clientStates,
))
  for (const [manner, go] of Object.entries(manners))
    test(`a client that ${manner} ${state} leaves nothing behind`, async () => {
      let asked = "";
      await using users = await counted((socket, head) => {
        asked += head;
        socket.on("data", (chunk) => {
          asked += chunk.toString("latin1");
        });
        if (answers !== undefined) socket.write(answers);
      });
      const clock = manualClock();
      await using front = await before(users.port, clock);
      const client = connect({ port: front.port, host: "127.0.0.1" });
      client.on("error", () => {});
      let said = "";
      client.on("data", (chunk) => {
        said += chunk.toString("latin1");
      });
      client.write(says);
      await until(() => front.gateway.server.connections === 1);
      await until(() => (heard?.test(said) ?? true) && (arrived?.test(asked) ?? true));
      await until(() => !underWay || front.gateway.stats().inFlight === 1);
      go(client);
      await nothingIsLeft(front, users.open, kept, clock);
      client.destroy();
    });

interface ServiceState {
  readonly says: string;
  /** The head of an answer is out, which can only end in a broken connection. */
  readonly begun?: boolean;
  readonly request?: string;
}

const serviceStates: Readonly<Record<string, ServiceState>> = {
  "before its answer": { says: "" },
  "in its status line": { says: "HTTP/1.1 20" },
  "in its head": { says: "HTTP/1.1 200 OK\r\nX-Half" },
  "behind an interim answer": { says: "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" },
  "before its answer to a body": { says: "", request: "POST / HTTP/1.1\r\nContent-Length: 2\r\n" },
  "before its answer to a body that is still coming": {
    says: "",
    request: "POST / HTTP/1.1\r\nContent-Length: 100000\r\n",
  },
  "behind its head": { says: "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", begun: true },
  "in a counted body": { says: "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nsome", begun: true },
  "in the size of a chunk": {
    says: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n1",
    begun: true,
  },
  "in a chunk": { says: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nsome", begun: true },
  "between two chunks": {
    says: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n",
    begun: true,
  },
  "in its trailers": {
    says: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n4\r\nsome\r\n0\r\nX: ha",
    begun: true,
  },
};

for (const [state, { says, begun = false, request = "GET / HTTP/1.1\r\n" }] of Object.entries(serviceStates))
  for (const [manner, go] of Object.entries(manners))
    test(`a service that ${manner} ${state} is told from one that answered`, async () => {
      await using users = await counted((socket) => {
        socket.write(says);
        // What was written shall arrive before a reset can overtake it.
        if (says === "") go(socket);
        else setImmediate(() => go(socket));
      });
      await using front = await before(users.port);
      const body = request.startsWith("POST") ? "hi" : "";
      const text = await exchangeBytes(front.port, `${request}Host: a\r\nConnection: close\r\n\r\n${body}`);
      const reply = parseReply(
        text.slice(text.indexOf("HTTP/1.1 103") < 0 ? 0 : text.indexOf("\r\n\r\n") + 4),
      );
      // A reset may overtake what was written: then the gateway never saw a head.
      if (begun && reply.status === 200) {
        assert.doesNotMatch(text, /\r\n0\r\n/, "the last chunk makes it look complete");
        assert.notEqual(reply.body.length, 10);
      } else {
        assert.ok(!begun || manner === "resets", text);
        assert.match(reply.code ?? text, /^GATEWAY_(UPSTREAM_UNAVAILABLE|BAD_UPSTREAM)$/);
      }
      await nothingIsLeft(front, users.open);
    });

for (const [manner, go] of Object.entries(manners)) {
  test(`a service that ${manner} as soon as it is connected to is unavailable`, async () => {
    let connections = 0;
    await using users = await counted(
      () => {},
      (socket) => {
        if (++connections === 1) go(socket);
      },
    );
    await using front = await before(users.port);
    const reply = parseReply(await exchangeBytes(front.port, good.replace("GET", "POST")));
    assert.deepEqual([reply.status, reply.code], [503, "GATEWAY_UPSTREAM_UNAVAILABLE"]);
    await nothingIsLeft(front, users.open);
  });

  test(`a service that ${manner} between two exchanges is asked on a new connection`, async () => {
    await using users = await counted(() => {});
    await using front = await before(users.port);
    for (let i = 0; i < 3; i++) {
      await exchangeBytes(front.port, good);
      for (const socket of users.open) go(socket);
      // Not a moment is given: the next request may meet the connection dead or dying.
      await nothingIsLeft(front, users.open, 1);
    }
  });

  // undici takes a reset for the end of such a body: nothing above it can tell.
  onEngine(
    `a body that ends with its connection is complete when the service ends it, not when it resets (it ${manner})`,
    async () => {
      await using users = await counted((socket) => {
        socket.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it");
        setImmediate(() => go(socket));
      });
      await using front = await before(users.port);
      const text = await exchangeBytes(front.port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      assert.equal(/\r\n0\r\n\r\n$/.test(text), manner === "ends its side", text);
      await nothingIsLeft(front, users.open);
    },
  );

  for (const side of ["client", "service"] as const)
    test(`a ${side} that ${manner} in a tunnel takes both ends of it along`, async () => {
      const tunnels: Socket[] = [];
      await using users = await counted((socket) => {
        tunnels.push(socket);
        socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhello");
        socket.on("end", () => socket.end());
      });
      await using front = await before(users.port);
      const client = connect(front.port, "127.0.0.1");
      client.on("error", () => {});
      client.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
      let said = "";
      client.on("data", (chunk) => {
        said += chunk.toString("latin1");
      });
      await until(() => said.endsWith("hello"));
      const [server] = tunnels;
      assert.ok(server !== undefined);
      go(side === "client" ? client : server);
      await nothingIsLeft(front, users.open);
    });
}
