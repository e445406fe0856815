import { Failure } from "../failure.ts";

/** Of --label, KEY or KEY=VALUE each. Throws Failure. */
export function labelsOf(written: readonly string[]): Record<string, string> {
  return Object.fromEntries(written.map(labelOf));
}

function labelOf(written: string): [string, string] {
  const [key = "", value = ""] = written.split(/=(.*)/s);
  if (key !== "") return [key, value];
  throw new Failure(`--label takes KEY or KEY=VALUE, not ${JSON.stringify(written)}`, { code: "usage" });
}

/** As docker's lists show them: `a=1,b=`. */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}
