// for users
export {
  type EndpointStats,
  type Gateway,
  type GatewayConfig,
  type GatewayPorts,
  type GatewayStats,
  type ServiceStats,
  startGateway,
} from "./gateway.ts";
// for other rooms
export { type RouteProblem, routeProblems } from "./match/table.ts";
export {
  type GatewaySettings,
  gatewaySection,
  type RouteSettings,
  type RoutesSettings,
  routesSection,
} from "./section.ts";
