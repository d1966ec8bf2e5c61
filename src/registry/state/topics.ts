import type { CheckStatus } from "./model.ts";

/** A thing that can be watched. Each read of the wire depends on exactly one. */
export type Topic = string;

/** Names of the topics, one per kind of read. */
export const topics = {
  /** Names of all services with their tags. */
  services: "services" as Topic,
  /** Any node or instance. */
  catalog: "catalog" as Topic,
  /** All nodes. */
  nodes: "nodes" as Topic,
  /** Instances of a service and their nodes. */
  service: (name: string): Topic => `service:${name}`,
  /** As `service`, with the checks that decide over them. */
  health: (name: string): Topic => `health:${name}`,
  /** Checks of the instances of a service. */
  checks: (name: string): Topic => `checks:${name}`,
  /** A node and its instances. */
  node: (name: string): Topic => `node:${name}`,
  /** Checks on a node. */
  nodeChecks: (name: string): Topic => `node-checks:${name}`,
  /** All sessions. */
  sessions: "sessions" as Topic,
  session: (id: string): Topic => `session:${id}`,
  /** Sessions of a node. */
  nodeSessions: (name: string): Topic => `node-sessions:${name}`,
  /** One key. */
  key: (key: string): Topic => `${keyMark}${key}`,
  /** Every key that begins so. */
  prefix: (prefix: string): Topic => `${prefixMark}${prefix}`,
  /** All events. */
  events: "events" as Topic,
  /** Events of a name. */
  event: (name: string): Topic => `event:${name}`,
  /** Checks in a state. */
  state: (status: CheckStatus | "any"): Topic => `state:${status}`,
};

const keyMark = "key:";
const prefixMark = "prefix:";

/** The key a topic is about. */
export function keyOf(topic: Topic): string | undefined {
  return topic.startsWith(keyMark) ? topic.slice(keyMark.length) : undefined;
}

/** The beginning of the keys a topic is about. */
export function prefixOf(topic: Topic): string | undefined {
  return topic.startsWith(prefixMark) ? topic.slice(prefixMark.length) : undefined;
}
