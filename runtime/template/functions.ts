import { printf } from "./printf.ts";
import { isList, isMap, isStruct, isTrue, jsonOf, kindOf, textOf, type Value } from "./value.ts";

/** Throws Error with why it can't be called so. */
type Function = (...args: Value[]) => Value;

/** Those of Go that docker's users write, and docker's own. */
export const FUNCTIONS: Readonly<Record<string, Function>> = {
  json: (value) => jsonOf(value),
  join: (list, separator) => listOf("join", list).map(textOf).join(textOf(separator)),
  split: (text, separator) => textOf(text).split(textOf(separator)),
  lower: (text) => textOf(text).toLowerCase(),
  upper: (text) => textOf(text).toUpperCase(),
  title: (text) => textOf(text).replace(/(^|\s)\S/g, (first) => first.toUpperCase()),
  truncate: (text, length) => textOf(text).slice(0, numberOf("truncate", length)),
  pad: (text, before, after) => {
    const value = textOf(text);
    if (value === "") return value;
    return " ".repeat(numberOf("pad", before)) + value + " ".repeat(numberOf("pad", after));
  },
  len: lengthOf,
  index: (value, ...keys) => keys.reduce(at, value),
  slice: sliced,
  print: printed,
  println: (...values) => `${values.map(textOf).join(" ")}\n`,
  printf: (format, ...values) => printf(textOf(format), values),
  not: (value) => !isTrue(value),
  eq: (value, ...others) => others.some((other) => value === other),
  ne: (value, other) => value !== other,
  lt: (value, other) => compare(value, other) < 0,
  le: (value, other) => compare(value, other) <= 0,
  gt: (value, other) => compare(value, other) > 0,
  ge: (value, other) => compare(value, other) >= 0,
};

function listOf(name: string, value: Value): readonly Value[] {
  if (isList(value)) return value;
  throw new Error(`${name} takes a list, not ${kindOf(value)}`);
}

function numberOf(name: string, value: Value): number {
  if (typeof value === "number") return value;
  throw new Error(`${name} takes a number, not ${kindOf(value)}`);
}

function lengthOf(value: Value): number {
  if (isList(value)) return value.length;
  if (isMap(value)) return value.size;
  if (typeof value === "string") return new TextEncoder().encode(value).length;
  throw new Error(`len takes a text, a list or a map, not ${kindOf(value)}`);
}

/** As Go's fmt.Sprint: with a space between two of which none is a text. */
function printed(...values: Value[]): string {
  const isApart = (i: number) => i > 0 && typeof values[i] !== "string" && typeof values[i - 1] !== "string";
  return values.map((value, i) => `${isApart(i) ? " " : ""}${textOf(value)}`).join("");
}

function at(value: Value, key: Value): Value {
  if (isMap(value)) return value.get(textOf(key)) ?? missingIn(value);
  // docker falls back to the JSON of what it inspects, where that is a map.
  if (isStruct(value) && typeof key === "string") return Object.hasOwn(value, key) ? value[key] : undefined;
  const position = numberOf("index of a list", key);
  const list = listOf("index", value);
  if (position >= 0 && position < list.length) return list[position];
  throw new Error(`there is no element ${position} in a list of ${list.length}`);
}

/** From the first index to before the second; of a text, these count bytes. */
function sliced(value: Value, from: Value = 0, to?: Value): Value {
  const whole = typeof value === "string" ? Buffer.from(value) : listOf("slice", value);
  const [begin, end] = [numberOf("slice", from), to === undefined ? whole.length : numberOf("slice", to)];
  if (begin < 0 || begin > end || end > whole.length)
    throw new Error(`there is no slice ${begin}:${end} of ${whole.length}`);
  const part = whole.slice(begin, end);
  return Buffer.isBuffer(part) ? part.toString() : part;
}

/** Go's zero value: of a map of texts, the empty one. */
function missingIn(map: ReadonlyMap<string, Value>): Value {
  return [...map.values()].every((value) => typeof value === "string") ? "" : null;
}

function compare(one: Value, other: Value): number {
  if (typeof one === "number" && typeof other === "number") return one - other;
  if (typeof one === "string" && typeof other === "string") return one < other ? -1 : Number(one > other);
  throw new Error(`${kindOf(one)} and ${kindOf(other)} can't be compared`);
}
