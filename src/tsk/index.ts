// for users

export { type TskCode, tskCodes } from "./codes.ts";
export type { Diagnostic, Fix, Related } from "./diagnostic.ts";
export type { Document, Loaded, Lost, Origin, Path } from "./document/document.ts";
export { loadDocument } from "./document/load.ts";
export type { LoadOptions } from "./document/options.ts";
export { format } from "./format/format.ts";
export { type Notes, type Plain, writeDocument } from "./format/write.ts";
export {
  type ArgumentSchema,
  defineOperator,
  type OperatorDefinition,
} from "./operators/plugin.ts";
export type { HostPorts, OperatorPlugin } from "./operators/row.ts";
export type { DataFormat, HostFacts, Refusal, SecretProvider } from "./ports.ts";
export { type RenderOptions, renderDiagnostics } from "./report/frame.ts";
export type { LayerName, Location, Source, Span } from "./source.ts";
export { limits } from "./syntax/limits.ts";
export { parse } from "./syntax/parse.ts";
export { print, type Tree } from "./syntax/tree.ts";

// for other rooms

export { asRelated, withWarnings } from "./diagnostic.ts";
export { begunIn } from "./document/damage.ts";
export { withoutSecretFix } from "./document/discreet.ts";
export { matchesPattern } from "./document/files.ts";
export { withoutOneEdit } from "./document/one-edit.ts";
export { parsePath } from "./document/path.ts";
export { operators } from "./operators/table.ts";
export { frame, type OutsideProblem, problemAt } from "./report/problem-at.ts";
export { fixesTogether, repaired } from "./report/repair.ts";
export { didYouMean } from "./report/suggest.ts";
export { pathAt } from "./syntax/repair/intact.ts";
export { kind } from "./syntax/token.ts";
export type { Argument, Item, Key, ObjectValue, Operator, Value, VariableUse } from "./syntax/tree.ts";
export { keyText } from "./value/slot.ts";
