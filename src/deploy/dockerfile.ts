import type { DeployFile, DeployFleet } from "./fleet.ts";
import { generatedFrom } from "./generated.ts";

/**
 * One image for every part. Alone it runs the whole fleet; compose gives each container its own command.
 * The health check needs nothing but Node: the slim image has no curl.
 */
export function dockerfile(fleet: DeployFleet): DeployFile {
  const text = `${generatedFrom(fleet.file)}FROM node:${fleet.nodeMajor}-slim AS build
WORKDIR /app
COPY package*.json .npmrc* ./
# Scripts of dependencies do not run in the build.
RUN npm ci --omit=dev --ignore-scripts
COPY . .

FROM node:${fleet.nodeMajor}-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app /app
# The data folder belongs to the one who runs; the code does not.
RUN mkdir /data && chown node:node /data
USER node
ENV HEALTH_URL=http://127.0.0.1:${fleet.gateway.port}/
EXPOSE ${fleet.gateway.port}
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \\
  CMD ${JSON.stringify(healthCommand)}
CMD ${JSON.stringify([...tuskerCommand, "up", fleet.file, ...overrides(fleet)])}
`;
  return { path: "Dockerfile", text };
}

/** What is different in a container: the overlay, an address others can reach, and the one folder it may write to. */
function overrides({ environment }: DeployFleet): readonly string[] {
  return [
    ...(environment === undefined ? [] : ["--env", environment]),
    ...["--set", 'gateway.bind="0.0.0.0"', "--set", 'fleet.data_dir="/data"'],
  ];
}

/** What must not get into the image: state, secrets, what npm puts there anew. */
export function dockerignore(): DeployFile {
  return {
    path: ".dockerignore",
    text: [
      ".git",
      "node_modules",
      ".tusker",
      ".env",
      ".env.*",
      "*.log",
      "Dockerfile",
      "compose.yaml",
      "",
    ].join("\n"),
  };
}

/** How the containers call Tusker. Without npx, which would swallow signals. */
export const tuskerCommand: readonly string[] = ["node", "node_modules/tusker/bin/tusker.js"];

/** Asks HEALTH_URL. Below 500 is well: the root of a gateway may be no route, and its 404 proves that it answers. */
const healthCommand: readonly string[] = [
  "node",
  "-e",
  "fetch(process.env.HEALTH_URL).then((r)=>process.exit(r.status<500?0:1),()=>process.exit(1))",
];
