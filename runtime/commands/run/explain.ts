import { writeSync } from "node:fs";

/** Its words are a tenth of the program, and a command without --explain does not load them. */
export async function explainOnStderr() {
  const { explainer } = await import("../../explain/explain.ts");
  const { languageOf } = await import("../../explain/reason.ts");
  return explainer(languageOf(process.env), (words) => void writeSync(2, words));
}
