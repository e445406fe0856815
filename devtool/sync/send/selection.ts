import { Failure } from "../../failure.ts";

/** Which part of a directory to list: everything in and below it, or these names. */
export type Selection = "all" | Map<string, Selection>;
export const NO_NAMES: Selection = new Map();

/** Changed paths are UTF-16; of a name that is not valid Unicode only the directory is known. */
export function selectionOf(changed: readonly string[]): Selection {
  const top: Selection = new Map();
  for (const path of changed) {
    const parts = path.split("/").filter((part) => part !== "" && part !== ".");
    if (parts.includes("..") || path.startsWith("/"))
      throw new Failure(`${path} is not below the project`, { code: "internal", exitCode: 2 });
    const unknown = parts.findIndex((part) => part.includes("\ufffd"));
    const known = unknown === -1 ? parts : parts.slice(0, unknown);
    if (known.length === 0) return "all";
    addToSelection(top, known);
  }
  return top;
}

function addToSelection(top: Map<string, Selection>, parts: readonly string[]): void {
  let node = top;
  for (const [i, part] of parts.entries()) {
    const name = Buffer.from(part).toString("latin1");
    const inner = node.get(name);
    if (inner === "all") return;
    const next: Map<string, Selection> = inner ?? new Map();
    node.set(name, i === parts.length - 1 ? "all" : next);
    node = next;
  }
}
