/** A thing of a programming language that no file of values holds. */
export interface Construct {
  /** What it is, with its article, for the sentence. */
  readonly name: string;
  readonly code: "TSK_CODE" | "TSK_STATEMENT";
  /** What its author may write here in its place. */
  readonly help: string;
}

export interface Shape extends Construct {
  /** How its first line begins. */
  readonly head: RegExp;
}

export const inService = "keep code in the program of a service; a file holds values: write key: value";
export const byCondition = "write values: a key may choose one, key: condition ? one : other";
const byName = "write key: value; text that looks like this stands in quotes";

/** Words before a declaration that say who may use it, or how. */
const modifiers =
  /(?:(?:export|default|pub(?:\([^)\n]{0,40}\))?|public|private|protected|internal|static|final|abstract|async|override|virtual|data|open|inner|sealed|readonly|unsafe|inline|declare)[ \t]+){0,6}/
    .source;

/** Code that has one of these beginnings. */
export function shape(name: string, help: string, ...heads: readonly string[]): Shape {
  return { name, code: "TSK_CODE", help, head: new RegExp(`^(?:${heads.join("|")})`, "u") };
}

/** One value that is written out, to the end of its line: what lacks a sign before it is still an entry. */
const loneValue = String.raw`(?:"[^"\n]*"|'[^'\n]*'|-?\d[\w.%-]*|true|false|null)[ \t]*[,;]?[ \t]*(?:#[^\n]*)?(?:\r?\n|$)`;
const lineEnd = String.raw`[ \t]*;?[ \t]*(?:(?:#|//)[^\n]*)?(?:\r?\n|$)`;

/**
 * What begins a line that is no entry, in the order in which it is looked for. None of these is an entry, a block or a section: a
 * key of such a name has its `:`, `=` or `{` behind it.
 */
const shapes: readonly Shape[] = [
  shape(
    "a script",
    "take the tag away, and what is code behind it",
    String.raw`<\?(?:php|=)?`,
    String.raw`\?>`,
    "<%",
  ),
  shape(
    "an import",
    '@include "path" reads the values of another file',
    String.raw`import\b[ \t]*(?:["'({*]|[\w.$,{} \t*]+[ \t}]from\b|(?:static[ \t]+)?[A-Za-z_][\w.]*(?:\.\*)?(?:[ \t]+as[ \t]+\w+)?(?:,[ \t]*\w+)*${lineEnd})`,
    String.raw`from[ \t]+[\w.]+[ \t]+import\b`,
    String.raw`(?:require|require_once|require_relative|include|include_once|load)\b[ \t]*\(?[ \t]*["']`,
    String.raw`use[ \t]+(?:function[ \t]+)?[\w\\]+(?:::|\\|;|[ \t]+as\b)`,
    String.raw`using[ \t]+(?:namespace[ \t]+|static[ \t]+)?[\w.]+[ \t]*;`,
    String.raw`package[ \t]+[A-Za-z_][\w.]*${lineEnd}`,
    String.raw`(?:pub[ \t]+)?mod[ \t]+\w+[ \t]*;`,
    String.raw`extern[ \t]+crate\b`,
    String.raw`(?:source|\.)[ \t]+["']?[\w$~{}-]*[./][\w$~./{}-]*["']?${lineEnd}`,
  ),
  shape(
    "a class",
    inService,
    String.raw`${modifiers}(?:class|interface|struct|enum|trait|impl|record|protocol)\b[ \t]*(?:<[^>\n]*>[ \t]*)?[A-Za-z_][\w.:\\]*[ \t]*(?:[{:(<;]|(?:extends|implements|for|where)\b)`,
    String.raw`${modifiers}(?:class|interface|struct|enum|trait|impl)[ \t]+[A-Z][\w.:\\]*${lineEnd}`,
  ),
  shape(
    "a type",
    inService,
    String.raw`${modifiers}type[ \t]+\w+(?:<[^>\n]*>)?[ \t]*(?:=|[ \t](?:\w|\[\]|\*))`,
  ),
  shape(
    "a module",
    inService,
    String.raw`(?:module|namespace)[ \t]+(?:[A-Za-z_][\w.:\\]*[ \t]*[{;]|[A-Z][\w.:\\]*${lineEnd})`,
    String.raw`(?:pub[ \t]+)?mod[ \t]+\w+[ \t]*\{`,
  ),
  shape(
    "a function",
    inService,
    String.raw`${modifiers}function\b[ \t]*\*?[ \t]*(?:[\w$:.-]+[ \t]*)?[({]`,
    String.raw`(?:async[ \t]+)?def[ \t]+[\w.]+[?!=]?[ \t]*(?:[(:;]|\r?\n|$)`,
    String.raw`${modifiers}fn[ \t]+\w+[ \t]*[(<]`,
    String.raw`func[ \t]*(?:\([^)\n]*\)[ \t]*)?\w+[ \t]*[(\[]`,
    String.raw`(?:${modifiers}fun[ \t]+|sub[ \t]+)\w+[ \t]*[({]`,
    String.raw`lambda\b[^\n:]{0,200}:`,
    String.raw`macro_rules![ \t]*\w`,
    String.raw`\([ \t]*(?:(?:async[ \t]+)?function\b|(?:async[ \t]*)?\([^()\n]*\)[ \t]*=>)`,
    String.raw`(?![^\n]*(?:=>|\bfunction\b))(?!(?:else[ \t]+)?(?:if|using|for|foreach|while|until|switch|match|catch|elseif|elif|unless)\b)${modifiers}(?:[\w<>[\],.?*&:]+[ \t]+){0,4}[\w$.]+[ \t]*\([^\n;{}]{0,300}\)[^\n;{}"']{0,100}\{`,
  ),
  shape(
    "a condition",
    byCondition,
    String.raw`(?:else[ \t]+)?(?:if|elif|elsif|elseif|unless|switch|match|case|when)\b[ \t]*(?!${loneValue})[\w$@!(["'\-\\&*<]`,
    String.raw`\[\[?[ \t]+[^\]\n]+\]\]?[ \t]*(?:&&|\|\|)`,
    String.raw`(?:else|try|finally|ensure|rescue|begin|then)${lineEnd}`,
    String.raw`guard[ \t]+(?:let|var)\b`,
    String.raw`(?:except|catch|rescue)\b[ \t]*[\w({:]`,
    String.raw`try[ \t]*[{:]`,
    String.raw`with[ \t]+[\w.]+\([^\n]*:${lineEnd}`,
  ),
  shape(
    "a loop",
    "write the values out; @range(from, to) is a list of numbers",
    String.raw`(?:for|foreach)\b(?:[ \t]+await)?[ \t]*(?:\(|(?:(?:my|let|var|const)[ \t]+)?[$\w][\w$,() \t&]*[ \t](?:in|of|:=|as)\b|[\w, \t]+:=|[\w.]+[ \t]*(?:\{|;))`,
    String.raw`(?:while|until)\b[ \t]*(?!${loneValue})[\w$@!(["'\-\\]`,
    String.raw`loop[ \t]+(?:do\b|\{)`,
    String.raw`do[ \t]*\{`,
    String.raw`[^\n:="'{}]{1,200}[ \t.](?:each|times|map|each_with_index|upto|downto|step|select)\b[^\n:=]{0,100}(?:\bdo\b|\{[ \t]*\|)`,
  ),
  shape(
    "a block of code",
    inService,
    String.raw`[\w.:!?]+(?:[ \t(][^\n=]{0,200})?[ \t]do(?:[ \t]*\|[^|\n]*\|)?${lineEnd}`,
  ),
  shape(
    "a declaration",
    "write key: value, without a word before it",
    String.raw`${modifiers}(?:const|let|var|my|our|local|declare|val|auto|dim)[ \t]+(?:mut[ \t]+|-\w+[ \t]+)*[$@%&\w[{(][^\n=:]{0,200}[=:;(]`,
    String.raw`(?:const|let|var)[ \t]*[{[][^\n]*[}\]][ \t]*=`,
    String.raw`var[ \t]+\w+[ \t]+[*[\]\w.]+${lineEnd}`,
    String.raw`(?:pub[ \t]+)?static[ \t]+(?:mut[ \t]+)?[A-Z_]\w*[ \t]*:`,
    String.raw`[A-Z]\w*[ \t]+\w+[ \t]*=[^\n]*;${lineEnd}`,
    String.raw`\w+(?:,[ \t]*\w+)+[ \t]*:?=[^=]`,
    String.raw`${modifiers}(?:int|uint|float|double|string|String|bool|boolean|char|long|short|byte|decimal|object|Object|number|void|[A-Za-z_]\w*<[^\n>]{1,100}>)(?:\[\]|[?*&])?[ \t]+\w+[ \t]*[=;]`,
    String.raw`(?:export|readonly)[ \t]+[A-Za-z_]\w*=`,
    String.raw`export[ \t]*(?:default\b|\{|\*)`,
    String.raw`using[ \t]+var\b`,
    String.raw`(?:attr_\w+|global|nonlocal)[ \t]+[:\w]`,
    String.raw`(?:const|var|type)[ \t]*\(`,
  ),
  shape(
    "a statement",
    inService,
    String.raw`return\b(?![ \t]*[:=.])`,
    String.raw`["']use strict["']`,
    String.raw`using[ \t]*\(`,
    String.raw`(?:break|continue)[ \t]*;`,
    String.raw`\(\(`,
    String.raw`\w+[ \t]*<-`,
    String.raw`(?:throw|raise|yield|await|defer|delete|assert|del)[ \t]+(?!${loneValue})[\w$@("'\[{]`,
    String.raw`(?:break|continue|pass|end|fi|done|esac|endif|endfor|endforeach|endwhile)${lineEnd}`,
    String.raw`\$[\w$]+(?:->\w+|\[[^\]\n]*\])+[ \t]*(?:[.+*/-]?=|\+\+|--)`,
    String.raw`[\w$.\->[\]'"]{1,200}[ \t]*(?:[+*/.|&-]=[^=]|\+\+|--)`,
  ),
  shape(
    "a command of a shell",
    'nothing is run: name the command as the value of a key, run: "command"',
    String.raw`(?:cd|sudo|rm|cp|mv|mkdir|chmod|chown|tsk|tusker|exit|unset|eval|exec|trap|alias)[ \t]+(?!${loneValue})[\w$"'/.~-]`,
    String.raw`[a-z][\w-]*[ \t]+--?[A-Za-z]`,
  ),
  {
    name: "a call",
    code: "TSK_STATEMENT",
    help: "write key: value; a value may be a call of an operator: key: @name(…)",
    head: /^(?:(?:echo|puts|printf|print)[ \t]+[^\s:=]|(?:(?:await|go|new)[ \t]+)?\$?[\p{L}_][\p{L}\d_$]*(?:(?:\.|::|->|\\|\?\.)[\p{L}_$][\p{L}\d_$]*)*!?(?:::<[^\n>]*>)?\((?:[^\n]*\)|[{[("]*[ \t]*(?:\r?\n|$)))/u,
  },
  {
    name: "a text",
    code: "TSK_STATEMENT",
    help: "write key: text, or # before a comment",
    head: /^(?:"""|''')/u,
  },
  {
    name: "a call",
    code: "TSK_STATEMENT",
    help: byName,
    head: /^\$[\p{L}_][\p{L}\d_]*(?:->|::)[\p{L}_]/u,
  },
];

/** What stands at an offset where a line begins; undefined when it is no code for all that is known. */
export function constructAt(text: string, at: number): Construct | undefined {
  return found(shapes, text, at);
}

/** The first of these shapes that a text has at an offset. */
export function found(all: readonly Shape[], text: string, at: number): Shape | undefined {
  const line = text.slice(at, at + longest);
  return all.find(({ head }) => head.test(line));
}

/** How much of a line is looked at: lines may be very long. */
const longest = 400;
