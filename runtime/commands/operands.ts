import { Failure } from "../failure.ts";

type Named<W extends readonly string[]> = { readonly [I in keyof W]: string };

/** What a command is given besides options: one for each of `what`, such as "the name of the image". Throws Failure. */
export function operands<const W extends readonly string[]>(given: readonly string[], what: W): Named<W> {
  const missing = what[given.length];
  if (missing !== undefined) throw new Failure(`${missing} is missing`, { code: "usage" });
  const extra = given[what.length];
  if (extra !== undefined) throw new Failure(`unknown argument ${extra}`, { code: "usage" });
  for (const [i, one] of what.entries()) notEmpty(given[i], one);
  return given as readonly string[] as Named<W>;
}

/** At least one. Throws Failure. */
export function someOf(given: readonly string[], what: string): readonly string[] {
  if (given.length === 0) throw new Failure(`${what} is missing`, { code: "usage" });
  for (const one of given) notEmpty(one, what);
  return given;
}

/** Such as of a variable that is not set, in quotes. Throws Failure. */
export function notEmpty(given: string | undefined, what: string): void {
  if (given === "") throw new Failure(`${what} is "", an empty word`, { code: "usage" });
}

/** Of an option that takes one value, and is as if it had not been given. Throws Failure for another. */
export function accepted(option: string, only: string, given: string | undefined): void {
  if (given !== undefined && given !== only)
    throw new Failure(`--${option} takes ${only}, not ${JSON.stringify(given)}`, { code: "usage" });
}
