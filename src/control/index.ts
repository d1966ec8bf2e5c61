// For the command line and the dashboard: the words of the API.
export type {
  ConnectionsView,
  FleetView,
  InstanceView,
  LogView,
  RouteView,
  ServiceView,
  StoppingView,
} from "./api.ts";
// For the command line: the server.
export { type Control, type ControlOptions, startControl } from "./server.ts";
