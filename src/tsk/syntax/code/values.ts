import { byCondition, type Construct, found, inService, type Shape, shape } from "./constructs.ts";

/** What stands where a value is expected; undefined when it is no code for all that is known. */
export function valueConstructAt(text: string, at: number): Construct | undefined {
  return found(shapes, text, at);
}

const shapes: readonly Shape[] = [
  shape(
    "a function",
    inService,
    String.raw`(?:async[ \t]+)?function\b[ \t]*\*?[ \t]*(?:[\w$]+[ \t]*)?\(`,
    String.raw`(?:async[ \t]*)?(?:\([^()\n]{0,200}\)|[\w$]+)[ \t]*(?::[ \t]*[\w<>[\]|]{1,100}[ \t]*)?(?:=>|->)`,
    String.raw`lambda\b[^:\n]{0,200}:`,
    String.raw`(?:fn|func|fun)[ \t]*\([^\n]{0,200}\)`,
    String.raw`->[ \t]*[({]`,
    String.raw`(?:proc|lambda)[ \t]*(?:\{|do\b)`,
    String.raw`(?:move[ \t]+)?\|[\w\s,:&]{0,100}\|[ \t]`,
  ),
  shape(
    "an object of a class",
    "write what it holds as a map: key: { … }",
    String.raw`new[ \t]+[A-Z][\w.\\]*[ \t]*[(<{[]`,
  ),
  shape(
    "an import",
    '@include "path" reads the values of another file',
    String.raw`(?:require|require_once|include|include_once|import)[ \t]*(?:["'(]|__DIR__|\$)`,
  ),
  shape(
    "a condition",
    byCondition,
    String.raw`@(?:if|unless|switch)[ \t]*\([^\n]*\)[ \t]*\{`,
    String.raw`(?:if|switch|match|unless)\b[ \t]*(?:\([^\n]*\)|[^\n:,]{1,200}?)[ \t]*(?:\{|then\b)`,
    String.raw`[^\n,:"'{}]{1,100}[ \t]if[ \t][^\n]{1,200}[ \t]else[ \t]`,
  ),
  shape(
    "a loop",
    "write the values out; @range(from, to) is a list of numbers",
    String.raw`(?:for|foreach|while)\b[ \t]*[^\n:,]{1,200}[ \t]*\{`,
    String.raw`[^\n,:"'{}]{1,100}[ \t]for[ \t]+\w[\w, \t]*[ \t]in[ \t]`,
  ),
  shape(
    "a declaration",
    "write key: value, without a type",
    String.raw`(?:int|str|float|bool|list|dict|tuple|set|bytes|Any|Optional|number|string|boolean)(?:\[[^\]\n]*\]|<[^>\n]*>)?[ \t]*=[^=>]`,
  ),
  shape("a statement", inService, String.raw`await[ \t]+[\w$]+[ \t]*[.(]`),
];
