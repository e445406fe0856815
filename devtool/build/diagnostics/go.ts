import type { ReadLine } from "./tool-line.ts";

const IN_SOURCE = /^(?:vet: )?([^\s:]+\.(?:go|mod|work)):(\d+)(?::(\d+))?: (.*)$/;
const WITHOUT_PLACE = /^go: (?!downloading|finding|added|upgraded|errors parsing|to add)(.*)$/;

/** What go build, vet and test report: a place without a word for its severity. */
export const readGo: ReadLine = (line, local) => {
  const [, path, row, column, text = ""] = IN_SOURCE.exec(line) ?? [];
  if (path !== undefined) {
    const file = local(path);
    const place = { file, line: Number(row), column: Number(column ?? 1) };
    return { text: line.replace(path, () => file), diagnostic: { ...place, severity: "error", text } };
  }
  const [, said] = WITHOUT_PLACE.exec(line) ?? [];
  if (said === undefined) return undefined;
  return { text: line, diagnostic: { file: "", line: 0, column: 0, severity: "error", text: said } };
};

/** Which folders a package may be in whose messages come after this line, `# example.com/app/sub`; undefined for any other line. */
export function goFolders(line: string): string[] | undefined {
  const parts = /^# ([\w.~-]+(?:\/[\w.~-]+)*)(?: \[\S+\])?$/.exec(line)?.[1]?.split("/");
  return parts?.map((_, index) => parts.slice(index).join("/"));
}
