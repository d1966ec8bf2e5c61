// for users

// for other rooms
export { type AdminOptions, type AdminView, startAdmin } from "./admin.ts";
export {
  type EndpointStats,
  type Gateway,
  type GatewayConfig,
  type GatewayPorts,
  type GatewayStats,
  type RouteStats,
  type ServiceStats,
  type SharedState,
  startGateway,
} from "./gateway.ts";
export { routeProblems } from "./match/problems.ts";
export type { RouteProblem } from "./match/table.ts";
export { type LineQueue, type LineQueuePorts, lineQueue } from "./policy/access-lines.ts";
export {
  changedForRestart,
  type GatewaySettings,
  gatewaySection,
  type RouteSettings,
  type RoutesSettings,
  routesSection,
} from "./section.ts";
