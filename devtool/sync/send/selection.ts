import { Failure } from "../../failure.ts";

/** Which part of a directory to list: everything in and below it, or these names. */
export type Selection = "all" | Map<string, Selection>;
export const NO_NAMES: Selection = new Map();

export function selectionOf(changed: readonly string[]): Selection {
  const top: Selection = new Map();
  for (const path of changed) {
    const parts = path.split("/").filter((part) => part !== "" && part !== ".");
    if (parts.includes("..") || path.startsWith("/"))
      throw new Failure(`${path} is not below the project`, { code: "internal", exitCode: 2 });
    if (parts.length === 0) return "all";
    addToSelection(top, parts);
  }
  return top;
}

function addToSelection(top: Map<string, Selection>, parts: readonly string[]): void {
  let node = top;
  for (const [i, name] of parts.entries()) {
    const inner = node.get(name);
    if (inner === "all") return;
    const next: Map<string, Selection> = inner ?? new Map();
    node.set(name, i === parts.length - 1 ? "all" : next);
    node = next;
  }
}
