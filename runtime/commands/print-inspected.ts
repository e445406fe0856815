import { templateOf } from "../template/template.ts";
import { jsonOf, type Struct } from "../template/value.ts";
import { forEachName } from "./each-name.ts";

/** Those there are, as one array of JSON or by a template; of the others it reports what is wrong. */
export async function printInspected(
  names: readonly string[],
  format: string | undefined,
  inspect: (name: string) => Struct,
): Promise<void> {
  const template = format === undefined || format === "json" ? undefined : templateOf(format);
  const all: (Struct | string)[] = [];
  await forEachName(names, async (name) => {
    const one = inspect(name);
    all.push(template ? `${template(one)}\n` : one);
  });
  process.stdout.write(template ? all.join("") : `${jsonOf(all, format === "json" ? 0 : 4)}\n`);
}
