import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  freePort,
  type Listener,
  type PeerName,
  peerEnvironment,
  peerProgram,
  startListener,
} from "./peer-program.ts";

/** A foreign proxy that takes HTTP/2 in clear text and passes it on as HTTP/2 in clear text. */
export interface Http2Proxy {
  readonly name: PeerName;
  /** Its configuration. */
  readonly config: (port: number, target: number, folder: string) => string;
  readonly args: (config: string, folder: string) => readonly string[];
}

export const nginx: Http2Proxy = {
  name: "nginx",
  config: (port, target, folder) => `daemon off; master_process off; pid ${folder}/pid; error_log stderr warn;
events { worker_connections 256; }
http {
  access_log off; client_max_body_size 20m;
  client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c;
  uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
  upstream service { server 127.0.0.1:${target}; keepalive 8; }
  server { listen 127.0.0.1:${port} http2; location / { grpc_pass grpc://service; } }
}
`,
  args: (config, folder) => ["-p", folder, "-c", config],
};

export const haproxy: Http2Proxy = {
  name: "haproxy",
  config: (port, target) => `defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
listen all
  bind 127.0.0.1:${port} proto h2
  server one 127.0.0.1:${target} proto h2
`,
  args: (config) => ["-f", config, "-db"],
};

/** Starts one in front of a port of ours. */
export async function startProxy(proxy: Http2Proxy, target: number): Promise<Listener> {
  const folder = await mkdtemp(join(tmpdir(), `${proxy.name}-h2-`));
  const port = await freePort();
  const config = join(folder, "config");
  await writeFile(config, proxy.config(port, target, folder));
  const listener = await startListener({
    ...{ command: peerProgram(proxy.name) ?? "", args: proxy.args(config, folder), port },
    env: peerEnvironment(proxy.name),
  });
  return {
    ...{ port, pid: listener.pid, output: () => listener.output() },
    async [Symbol.asyncDispose]() {
      await listener[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
