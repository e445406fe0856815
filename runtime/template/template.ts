import { DECIDING, evaluate } from "./evaluate.ts";
import { FUNCTIONS } from "./functions.ts";
import { parse } from "./parse.ts";
import type { Value } from "./value.ts";

/** A template in the language of Go's text/template, as docker's --format takes it. Throws Failure where it is not valid. */
export function templateOf(text: string): (value: Value) => string {
  const nodes = parse(text, [...Object.keys(FUNCTIONS), ...DECIDING]);
  return (value) => evaluate(text, nodes, value);
}
