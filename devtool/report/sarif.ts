import type { Diagnostic } from "./diagnostic.ts";
import type { Report } from "./events.ts";

/** One result: an error or a warning, with the notes that belong to it. */
interface Result {
  readonly level: "error" | "warning" | "note";
  readonly message: { readonly text: string };
  readonly locations: readonly Location[];
  readonly relatedLocations: Location[];
}

interface Location {
  readonly physicalLocation?: object;
  readonly message?: { readonly text: string };
}

/** The diagnostics as one document: Static Analysis Results Interchange Format 2.1.0, OASIS. */
export function createSarifLog() {
  const results: Result[] = [];
  const lastOf = new Map<string, Result>();
  const report: Report = (event, { target } = {}) => {
    if (event.event !== "diagnostic") return;
    const { severity, text } = event;
    const last = lastOf.get(target ?? "");
    if (severity === "note" && last) {
      last.relatedLocations.push({ ...place(event), message: { text } });
      return;
    }
    const result: Result = { level: severity, message: { text }, locations: placed(event), relatedLocations: [] };
    results.push(result);
    lastOf.set(target ?? "", result);
  };
  const document = () => ({
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [{ tool: { driver: { name: "devtool" } }, results }],
  });
  return { report, document };
}

function placed(diagnostic: Diagnostic): readonly Location[] {
  return diagnostic.file === "" ? [] : [place(diagnostic)];
}

function place({ file, line, column }: Diagnostic): Location {
  if (file === "") return {};
  const uri = file.split("/").map(encodeURIComponent).join("/");
  const artifactLocation = file.startsWith("/") ? { uri: `file://${uri}` } : { uri, uriBaseId: "%SRCROOT%" };
  return { physicalLocation: { artifactLocation, region: { startLine: line, startColumn: column } } };
}
