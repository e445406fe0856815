import { nearest } from "../report/nearest.ts";
import { REFUSED_OPTIONS } from "./refused-options.ts";
import * as z from "./zod.ts";

type Issue = z.core.$ZodIssue;
type Schema = z.core.$ZodType;

/** What an issue's path begins at. */
interface Base {
  readonly schema: Schema;
  readonly value: unknown;
  readonly path: readonly PropertyKey[];
}

/** What is wrong with a value, a sentence for each key. */
export function problemsOf(error: z.core.$ZodError, schema: Schema, value: unknown): string[] {
  return error.issues.flatMap((issue) => problemsAt(issue, { schema, value, path: [] }));
}

function problemsAt(issue: Issue, base: Base): string[] {
  const path = [...base.path, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(base.schema, issue.path, base.value);
    return issue.keys.map((key) => unknownKey(dotted([...path, key]), key, known));
  }
  if (issue.input === undefined && issue.code !== "too_small") return [`${dotted(path)} is missing`];
  if (issue.code === "invalid_union" && path.at(-1) === "kind") {
    return [`${dotted(path)} must be "local", "ssh", "vagrant", "lima" or "multipass"`];
  }
  if (issue.code === "invalid_union") return unionProblems(issue, { ...base, path });
  return [`${dotted(path) || "the configuration"} ${expectation(issue)}`];
}

function unknownKey(path: string, key: string, known: readonly string[]): string {
  const reason = path === `bundle.${key}` ? REFUSED_OPTIONS[key] : undefined;
  if (reason !== undefined) return `${path} can't be set: ${reason}`;
  const suggestion = nearest(key, known);
  const prefix = path.slice(0, -key.length);
  const hint = suggestion === undefined ? `known keys: ${known.join(", ")}` : `did you mean ${prefix}${suggestion}?`;
  return `unknown key ${path}; ${hint}`;
}

type UnionIssue = z.core.$ZodIssueInvalidUnion;

/** Of the forms that a value may have, that which it resembles most: the others' problems would only confuse. */
function unionProblems(issue: UnionIssue, { schema, value, path }: Base): string[] {
  const union = schemaAt(schema, issue.path, value);
  const forms = issue.errors.map((issues, i) => ({ issues, schema: optionsOf(union)[i] ?? union }));
  const fitting = forms.filter(({ issues }) => issues.every((inner) => fits(inner)));
  if (fitting.length === 0)
    return [`${dotted(path)} must be ${kindsOf(issue).join(" or ")}, not ${describe(issue.input)}`];
  const found = fitting.map((form) =>
    form.issues.flatMap((inner) => problemsAt(inner, { schema: form.schema, value: issue.input, path })),
  );
  const least = Math.min(...found.map(({ length }) => length));
  return [
    found
      .filter(({ length }) => length === least)
      .map((problems) => problems.join(", and "))
      .join(", or "),
  ];
}

/** Whether it is about a part of the value, and not about what kind of value it is. */
function fits(issue: Issue): boolean {
  if (issue.path.length > 0 || issue.code === "unrecognized_keys" || issue.code === "too_small") return true;
  if (issue.code === "invalid_union") return issue.errors.some((issues) => issues.every(fits));
  return issue.code === "invalid_value" && typeof issue.input === "string";
}

function kindsOf(issue: Issue): string[] {
  if (issue.code === "invalid_union") return [...new Set(issue.errors.flat().flatMap(kindsOf))];
  if (issue.code === "invalid_type") return [article(issue.expected)];
  return issue.code === "invalid_value" ? issue.values.map((value) => JSON.stringify(value)) : [];
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
    case "invalid_value":
      return `must be ${kindsOf(issue).join(" or ")}, not ${describe(issue.input)}`;
    case "invalid_key":
      return `is not valid: ${issue.issues[0]?.message}`;
    case "too_small":
      return "must not be empty";
    default:
      return `is not valid: ${issue.message}`;
  }
}

function article(expected: string): string {
  const noun = expected === "record" ? "object" : expected;
  return /^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`;
}

function describe(input: unknown): string {
  if (input === null || input === undefined) return String(input);
  if (Array.isArray(input)) return "an array";
  return typeof input === "object" ? "an object" : `the ${typeof input} ${JSON.stringify(input) ?? String(input)}`;
}

function dotted(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? String(key) : `${text}.${String(key)}`;
  }, "");
}

/** The keys that the schema has at a path of `value`. */
function keysAt(schema: Schema, path: readonly PropertyKey[], value: unknown): string[] {
  const inner = path.reduce<unknown>((outer, key) => (isObject(outer) ? outer[String(key)] : undefined), value);
  const found = chosen(schemaAt(schema, path, value), inner);
  return found instanceof z.ZodObject ? Object.keys(found.shape) : [];
}

function schemaAt(schema: Schema, [key, ...rest]: readonly PropertyKey[], value: unknown): Schema {
  if (schema instanceof z.ZodOptional) return schemaAt(schema.unwrap(), key === undefined ? [] : [key, ...rest], value);
  if (key === undefined) return schema;
  const outer = chosen(schema, value);
  const inner = isObject(value) ? value[String(key)] : undefined;
  if (outer instanceof z.ZodRecord) return schemaAt(outer.valueType, rest, inner);
  if (outer instanceof z.ZodArray) return schemaAt(outer.element, rest, inner);
  const next: Schema | undefined = outer instanceof z.ZodObject ? outer.shape[String(key)] : undefined;
  return next ? schemaAt(next, rest, inner) : z.never();
}

/** Of a union, the form that nothing is wrong with but unknown keys, or else that of the value's kind. */
function chosen(schema: Schema, value: unknown): Schema {
  const options = optionsOf(schema);
  if (options.length === 0) return schema;
  const best = options.find((option) => {
    const { error } = z.safeParse(option, value);
    return error === undefined || error.issues.every(({ code }) => code === "unrecognized_keys");
  });
  const ofKind = options.find((option) => isObject(value) && kindOf(option) === value["kind"]);
  const found = best ?? ofKind ?? options.find((option) => Array.isArray(value) === option instanceof z.ZodArray);
  return found === undefined ? schema : chosen(found, value);
}

function optionsOf(schema: Schema): readonly Schema[] {
  return schema instanceof z.ZodUnion || schema instanceof z.ZodDiscriminatedUnion ? schema.options : [];
}

function kindOf(option: Schema): unknown {
  const kind = option instanceof z.ZodObject ? option.shape["kind"] : undefined;
  return kind instanceof z.ZodLiteral ? kind.value : Symbol("none");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
