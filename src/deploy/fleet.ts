/** One file to write; the path is relative to the folder of the fleet file, with forward slashes. */
export interface DeployFile {
  readonly path: string;
  readonly text: string;
}

/** What the artefacts need to know of a fleet. */
export interface DeployFleet {
  readonly name: string;
  /** The fleet file, relative to its own folder: "tusker.tsk". */
  readonly file: string;
  /** Major version of Node the containers run, 24 or newer. */
  readonly nodeMajor: number;
  /** The environment overlay that was merged; absent when none was. */
  readonly environment?: string;
  /** In the order of the file. */
  readonly services: readonly DeployService[];
  readonly gateway: DeployGateway;
  /** Where Prometheus shall look; none leaves Prometheus out. */
  readonly metrics: readonly MetricsTarget[];
}

export interface DeployGateway {
  /** 1–65535; the one port that is published. */
  readonly port: number;
  /** What `tusker gateway --settings` reads, with the addresses of the containers. Holds no secret. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** One service, run in a container of its own. */
export interface DeployService {
  readonly name: string;
  readonly version: string;
  /** Its command, as in the fleet file; split into words, never given to a shell. */
  readonly run: string;
  /** REST port inside its container, 1–65535; nothing is published. */
  readonly port: number;
  readonly grpcPort?: number;
  /** Path that answers 2xx when the service is well. */
  readonly healthEndpoint: string;
  /** Services of this fleet that must be healthy first. */
  readonly dependencies: readonly string[];
  /** More environment variables. */
  readonly environment: Readonly<Record<string, string | SecretReference>>;
  /** What its TUSKER_CONFIG_FILE shall hold, made with `deployAddresses`. */
  readonly configuration: DeployValue;
}

export interface MetricsTarget {
  readonly job: string;
  /** host:port inside the network of the fleet. */
  readonly address: string;
  /** Default "/metrics". */
  readonly path?: string;
}

/** Plain data in which every secret is a reference. */
export type DeployValue =
  | string
  | number
  | boolean
  | null
  | SecretReference
  | readonly DeployValue[]
  | { readonly [key: string]: DeployValue };

/** Stands where a secret would: the name of the environment variable that whoever deploys must set. */
export class SecretReference {
  readonly variable: string;

  constructor(variable: string) {
    this.variable = variable;
  }
}

/** Where the parts of a fleet find each other inside its network. */
export const deployAddresses = {
  registry: "http://registry:8500",
  otlp: "http://collector:4318",
} as const;
