import type { Options, Values } from "../options/option.ts";

/** A command about what exists: containers, images, networks or volumes. */
export interface Verb<T extends Options = Options> {
  /** Such as `NAME [NAME…]`. */
  readonly synopsis: string;
  readonly describe: string;
  readonly options: T;
  /** docker's options that are not here, by name and by letter, and what to do instead. */
  readonly unavailable?: Readonly<Record<string, string>>;
  /** Returns the exit code. Throws Failure. */
  run(values: Values<T>, rest: readonly string[]): Promise<number>;
}

/** Lets the compiler infer the options. */
export function verb<const T extends Options>(definition: Verb<T>): Verb<T> {
  return definition;
}

/** As one of several. */
export function untyped<T extends Options>({ run, ...about }: Verb<T>): Verb {
  return { ...about, run: (values, rest) => run(values as Values<T>, rest) };
}

/** By their names, in the order of the help. */
export type Verbs = Readonly<Record<string, Verb>>;
