import { jsonOf, textOf, type Value } from "./value.ts";

const VERB = /%(?<flags>[-+0 ]*)(?<width>\d*)(?:\.(?<precision>\d+))?(?<verb>.)/g;

/** Go's fmt.Sprintf, for its usual verbs. */
export function printf(format: string, values: readonly Value[]): string {
  let next = 0;
  return format.replace(VERB, (...match) => {
    const { flags = "", width = "", precision, verb = "" } = match.at(-1) as Record<string, string | undefined>;
    if (verb === "%") return "%";
    if (next >= values.length) return `%!${verb}(MISSING)`;
    const text = written(verb, values[next], precision === undefined ? undefined : Number(precision));
    next += 1;
    if (flags.includes("-")) return text.padEnd(Number(width));
    return text.padStart(Number(width), flags.includes("0") ? "0" : " ");
  });
}

function written(verb: string, value: Value, precision: number | undefined): string {
  switch (verb) {
    case "q":
      return jsonOf(textOf(value));
    case "x":
      return typeof value === "number" ? value.toString(16) : Buffer.from(textOf(value)).toString("hex");
    case "f":
      return Number(value).toFixed(precision ?? 6);
    case "d":
    case "t":
    case "v":
      return textOf(value);
    case "s":
      return textOf(value).slice(0, precision);
    default:
      return `%!${verb}(${textOf(value)})`;
  }
}
