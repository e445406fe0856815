import { labelsText } from "../spec/labels.ts";
import type { Struct, Value } from "./value.ts";

/** Of a row of docker's lists: `{{.Labels}}`, and `{{.Label "key"}}`, which a comma in a value does not split. */
export function labelFields(labels: Readonly<Record<string, string>>): Struct {
  const label = (key: Value) => (Object.hasOwn(labels, String(key)) ? labels[String(key)] : "");
  return { Labels: labelsText(labels), Label: label };
}

/** The head of a table of them: of a label, the last part of its key. */
export const LABEL_TITLES: Struct = {
  Labels: "LABELS",
  Label: (key) => /[^.]*$/.exec(String(key))?.[0].replaceAll(/[-_]/g, " "),
};
