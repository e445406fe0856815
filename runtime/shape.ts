/** Checks whether a value that was read from a file has the type that the program expects. */
export type Shape<T> = (value: unknown) => value is T;
/** The type a shape checks for. */
export type Shaped<S> = S extends Shape<infer T> ? T : never;

/** Undefined for what is not valid JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The same of what other programs wrote: a field that is null is as good as none, and a list of parts is empty, as Go reads it. */
export function parseWithoutNulls(text: string): unknown {
  try {
    return JSON.parse(text, withoutNull);
  } catch {
    return undefined;
  }
}

function withoutNull(this: unknown, key: string, value: unknown): unknown {
  if (value !== null || Array.isArray(this)) return value;
  return PARTS.has(key) ? [] : undefined;
}

/** What Go writes as null where an image has no layers, or an index no images. */
const PARTS: ReadonlySet<string> = new Set(["layers", "Layers", "diff_ids", "manifests"]);

type Fields = Readonly<Record<string, Shape<unknown>>>;
type Required<F extends Fields> = { readonly [K in keyof F]: Shaped<F[K]> };
type Optional<F extends Fields> = { readonly [K in keyof F]?: Shaped<F[K]> };

export const isText: Shape<string> = (value) => typeof value === "string";
export const isBoolean: Shape<boolean> = (value) => typeof value === "boolean";
export const isTrue: Shape<true> = (value): value is true => value === true;
export const isWhole: Shape<number> = (value): value is number => Number.isSafeInteger(value);

export function isOneOf<const T extends string | number | null>(...values: readonly T[]): Shape<T> {
  const known: ReadonlySet<unknown> = new Set(values);
  return (value): value is T => known.has(value);
}

export function isListOf<T>(item: Shape<T>): Shape<readonly T[]> {
  return (value): value is readonly T[] => Array.isArray(value) && value.every(item);
}

/** An object whose keys can be any. */
export function isMapOf<T>(item: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (value): value is Readonly<Record<string, T>> =>
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(item);
}

export function isEither<A, B>(first: Shape<A>, second: Shape<B>): Shape<A | B> {
  return (value): value is A | B => first(value) || second(value);
}

/** Other fields are ignored: a later version may have added them. */
export function isRecordOf<R extends Fields, O extends Fields = Record<never, never>>(
  required: R,
  optional?: O,
): Shape<Required<R> & Optional<O>> {
  const must = Object.entries(required);
  const may = Object.entries(optional ?? {});
  return (value): value is Required<R> & Optional<O> => {
    if (typeof value !== "object" || value === null) return false;
    const fields = new Map<string, unknown>(Object.entries(value));
    return (
      must.every(([key, shape]) => shape(fields.get(key))) &&
      may.every(([key, shape]) => !fields.has(key) || shape(fields.get(key)))
    );
  };
}
