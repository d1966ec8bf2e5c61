// What a page does that calls a service over gRPC-Web: Connect's client, and the text format by hand.
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createTransport } from "@connectrpc/connect/protocol-grpc-web";

const baseUrl = new URLSearchParams(location.search).get("service");
const descriptor = new Uint8Array(await (await fetch("/descriptor")).arrayBuffer());
const file = fromBinary(FileDescriptorProtoSchema, descriptor);
const service = createFileRegistry(file, () => undefined).getService("page_service.PageService");
const client = createClient(
  service,
  createTransport({
    baseUrl,
    httpClient,
    useBinaryFormat: true,
    interceptors: [],
    acceptCompression: [],
    sendCompression: null,
    compressMinBytes: 1_024,
    readMaxBytes: 1_000_000,
    writeMaxBytes: 1_000_000,
  }),
);

/** A page cannot stream a request over HTTP/1.1: it is sent whole, and the answer is read as it comes. */
async function httpClient({ url, method, header, body, signal }) {
  const parts = [];
  for await (const part of body ?? []) parts.push(part);
  const answer = await fetch(url, { method, headers: header, body: new Blob(parts), signal });
  return { status: answer.status, header: answer.headers, body: chunks(answer.body), trailer: new Headers() };
}

/** Connect asks its iterators for `throw`, which those of streams have not. */
async function* chunks(body) {
  yield* body;
}

async function outcome(work) {
  try {
    return await work();
  } catch (error) {
    const { code, rawMessage = String(error), metadata } = error;
    return { code, message: rawMessage, head: metadata?.get("x-colour"), tail: metadata?.get("x-length") };
  }
}

/** Messages of a stream as they come, for whoever watches. */
const heard = [];
let stop = new AbortController();

async function follow(text) {
  heard.length = 0;
  stop = new AbortController();
  return await outcome(async () => {
    for await (const answer of client.spell({ text }, { signal: stop.signal })) heard.push(answer.text);
    return { code: 0 };
  });
}

async function say(text) {
  const fields = {};
  const said = await outcome(async () => {
    const options = {
      headers: { "x-colour": "blue" },
      onHeader: (head) => {
        fields.head = head.get("x-colour");
      },
      onTrailer: (tail) => {
        fields.tail = tail.get("x-length");
      },
    };
    return { code: 0, text: (await client.say({ text }, options)).text };
  });
  return { ...said, ...fields };
}

/** gRPC-Web text: base64 both ways; each piece of the answer may be padded by itself. */
async function byText(method, text) {
  const message = new TextEncoder().encode(text);
  const request = new Uint8Array([0, 0, 0, 0, message.length + 2, 0x0a, message.length, ...message]);
  const answer = await fetch(`${baseUrl}/page_service.PageService/${method}`, {
    method: "POST",
    headers: { "content-type": "application/grpc-web-text+proto", "x-grpc-web": "1" },
    body: btoa(String.fromCharCode(...request)),
  });
  const body = (await answer.text()).match(/[^=]+=*/g) ?? [];
  const bytes = Uint8Array.from(body.map((part) => atob(part)).join(""), (letter) => letter.charCodeAt(0));
  const [texts, decoder] = [[], new TextDecoder()];
  let status = answer.headers.get("grpc-status");
  for (let at = 0; at < bytes.length; ) {
    const length = new DataView(bytes.buffer).getUint32(at + 1);
    const part = bytes.subarray(at + 5, at + 5 + length);
    if (bytes[at] === 0x80) status = /grpc-status: (\d+)/.exec(decoder.decode(part))?.[1] ?? null;
    else texts.push(decoder.decode(part.subarray(2)));
    at += 5 + length;
  }
  return { status, texts };
}

globalThis.page = { say, follow, byText, heard, leave: () => stop.abort() };
document.title = "ready";
