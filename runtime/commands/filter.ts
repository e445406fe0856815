import { Failure } from "../failure.ts";

/** Of each key, what a value of it takes. It throws Failure for a value that is none. */
export type Matchers<T> = Readonly<Record<string, (value: string) => (one: T) => boolean>>;

/**
 * docker's --filter, KEY=VALUE each: all keys must match, of the same key one value, of labels and times each. `forms`: what can be given,
 * for messages. Throws Failure.
 */
export function filterOf<T>(filters: readonly string[], matchers: Matchers<T>, forms: string): (one: T) => boolean {
  const byKey = new Map<string, ((one: T) => boolean)[]>();
  for (const filter of filters) {
    const [key = "", value] = filter.split(/=(.*)/s);
    if (value === undefined) throw badFilter(filter, forms, "--filter takes KEY=VALUE, got");
    const matcher = Object.hasOwn(matchers, key) ? matchers[key] : undefined;
    if (!matcher) throw badFilter(key, forms);
    byKey.set(key, [...(byKey.get(key) ?? []), matcher(value)]);
  }
  const matchesKey = ([key, all]: [string, ((one: T) => boolean)[]], one: T) =>
    EACH.includes(key) ? all.every((matches) => matches(one)) : all.some((matches) => matches(one));
  return (one) => [...byKey].every((values) => matchesKey(values, one));
}

const EACH: readonly string[] = ["label", "label!", "until"];

/** `forms`: what can be given. */
export function filterOption(forms: string) {
  return { type: "string", short: "f", multiple: true, describe: forms } as const;
}

export function badFilter(filter: string, forms: string, what = "--filter does not know"): Failure {
  return new Failure(`${what} ${JSON.stringify(filter)}`, { code: "usage", remedy: forms });
}

type Labels = Readonly<Record<string, string>>;

/** KEY, or KEY=VALUE. */
export function hasLabel(value: string): (labels: Labels) => boolean {
  const [key = "", text] = value.split(/=(.*)/s);
  return (labels) => Object.hasOwn(labels, key) && (text === undefined || labels[key] === text);
}

/** A part of it, or what a regular expression finds in it, as docker's filters of names. */
export function isNamedLike(value: string): (name: string) => boolean {
  const pattern = patternOf(value);
  return (name) => name.includes(value) || pattern?.test(name) === true;
}

function patternOf(value: string): RegExp | undefined {
  try {
    return new RegExp(value);
  } catch {
    return undefined;
  }
}

/** Go's words for it. Throws Failure. */
export function truthOf(filter: string, value: string, forms: string): boolean {
  if (["true", "1", "t", "T", "TRUE", "True"].includes(value)) return true;
  if (["false", "0", "f", "F", "FALSE", "False"].includes(value)) return false;
  throw badFilter(`${filter}=${value}`, forms);
}
