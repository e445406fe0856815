import { templateOf } from "../template/template.ts";
import { jsonOf, type Struct } from "../template/value.ts";
import { codeOfEach } from "./each-name.ts";
import { writeAll } from "./output/write.ts";

/** One thing as JSON or by a template; without a format as `inWords` has it. Throws Failure for a template with an error. */
export function printAbout(about: Struct, format: string | undefined, inWords: (about: Struct) => string): void {
  const text = !format ? inWords : format === "json" ? jsonOf : templateOf(format);
  writeAll(1, `${text(about)}\n`);
}

/**
 * Those there are, as one array of JSON or by a template; of the others it reports what is wrong. Returns the exit code.
 * Throws Failure for a template with an error.
 */
export async function printInspected(
  names: readonly string[],
  format: string | undefined,
  inspect: (name: string) => Struct | Promise<Struct>,
): Promise<number> {
  const template = !format || format === "json" ? undefined : templateOf(format);
  const all: (Struct | string)[] = [];
  const code = await codeOfEach(names, async (name) => {
    const one = await inspect(name);
    all.push(template ? `${template(one)}\n` : one);
  });
  writeAll(1, template ? all.join("") : `${jsonOf(all, format === "json" ? 0 : 4)}\n`);
  return code;
}
