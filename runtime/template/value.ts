/**
 * What a template is given, in Go's terms: an object is a struct, whose fields are known; a Map is a map, which may have any
 * key; a function is a method.
 */
export type Value =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Value[]
  | ReadonlyMap<string, Value>
  | ((...args: Value[]) => Value)
  | Struct;

export interface Struct {
  readonly [field: string]: Value;
}

/** With fields that a template finds and JSON leaves out, as Go's omitempty, unless it has them; a copy of it has none of these. */
export function withOmitted(struct: Struct, omitted: Struct): Struct {
  const others = Object.entries(omitted).filter(([name]) => !Object.hasOwn(struct, name));
  const hidden = others.map(([name, value]) => [name, { value }] as const);
  return Object.defineProperties({ ...struct }, Object.fromEntries(hidden));
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

export function isMap(value: Value): value is ReadonlyMap<string, Value> {
  return value instanceof Map;
}

export function isStruct(value: Value): value is Struct {
  return typeof value === "object" && value !== null && !isList(value) && !isMap(value);
}

/** As `{{if}}` decides: what is empty is false, a struct never is. */
export function isTrue(value: Value): boolean {
  if (isList(value)) return value.length > 0;
  if (isMap(value)) return value.size > 0;
  return isStruct(value) || typeof value === "function" || Boolean(value);
}

/** As Go's fmt prints it with %v. */
export function textOf(value: Value): string {
  if (value === undefined) return "<no value>";
  if (value === null) return "<nil>";
  if (isList(value)) return `[${value.map(textOf).join(" ")}]`;
  if (isMap(value))
    return `map[${sorted(value)
      .map(([key, one]) => `${key}:${textOf(one)}`)
      .join(" ")}]`;
  if (isStruct(value)) return `{${Object.values(value).map(textOf).join(" ")}}`;
  return typeof value === "function" ? textOf(value()) : String(value);
}

/** As `{{json}}` writes it: a map's keys in order, a method left out. */
export function jsonOf(value: Value, indent?: number): string {
  const replaced = (_key: string, one: unknown) => (one instanceof Map ? Object.fromEntries(sorted(one)) : one);
  return JSON.stringify(value ?? null, replaced, indent) ?? "null";
}

/** Go visits a map's keys in order. */
export function sorted(map: ReadonlyMap<string, Value>): [key: string, value: Value][] {
  return [...map].sort(([one], [other]) => (one < other ? -1 : 1));
}

/** For messages. */
export function kindOf(value: Value): string {
  if (value === null || value === undefined) return "nothing";
  if (isList(value)) return "a list";
  if (isMap(value)) return "a map";
  const kind = typeof value;
  return isStruct(value) ? "a structure" : `a ${kind}`;
}
