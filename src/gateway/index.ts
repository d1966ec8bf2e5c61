// for users
export {
  type GatewaySettings,
  gatewaySection,
  type RouteSettings,
  type RoutesSettings,
  routesSection,
} from "./section.ts";
// for other rooms
export { type RouteProblem, routeProblems } from "./match/table.ts";
