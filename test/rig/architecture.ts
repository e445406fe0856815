import { posix } from "node:path";

/** A project's TypeScript: path from its root → text, as biome formats it. */
export type Sources = ReadonlyMap<string, string>;

/** Each rule returns what breaks it, one per string; none if the rule is kept. */
export type Rule = (sources: Sources) => string[];

/** A program's entry: it alone may do work when loaded, and end the process. */
const ENTRIES = new Set(["devtool/cli.ts", "devtool/main.ts", "devtool/agent/main.ts", "runtime/cli.ts"]);

/** The stages of an edit, in order; a stage is a folder. */
const STAGES = ["watch", "bundle", "sync", "build", "run"];
/** devtool's other folders: any stage may use them, or none does. */
const NO_STAGES =
  "agent clean command-line commands completion config control dev doctor ide ignore init paths ports process protocol report targets trace".split(
    " ",
  );

/** Pure policy, which another, small engine must be able to run. Of explain/ only what a step's reason is. */
const CORE = /^runtime\/((spec|plan|network|cgroup|seccomp)\/.*|linux|failure|explain\/reason)\.ts$/;

const FILE_LINES_MAX = 300;
const FUNCTION_LINES_MAX = 70;

interface Import {
  readonly from: string;
  /** A project path such as "devtool/failure.ts", a package's name, or "node:fs". */
  readonly to: string;
  readonly typeOnly: boolean;
}

export const importsLeadSomewhere: Rule = (sources) =>
  imports(sources)
    .filter(({ to }) => to.endsWith(".ts") && !sources.has(to))
    .map(show);

export const programsStayApart: Rule = (sources) =>
  inside(sources)
    .filter(({ from, to }) => program(from) !== program(to))
    .map(show);

export const oneFileForEachLibrary: Rule = (sources) => {
  const importers = new Map<string, Set<string>>();
  // A type is erased at compile time: it imports nothing.
  for (const { from, to } of imports(sources).filter((one) => isLibrary(one) && !one.typeOnly)) {
    const key = `${program(from)} imports ${to}`;
    importers.set(key, (importers.get(key) ?? new Set()).add(from));
  }
  return [...importers]
    .filter(([, files]) => files.size > 1)
    .map(([key, files]) => `${key} in ${[...files].join(", ")}`);
};

/** Depth first: a file that is visited again while it is open closes a cycle. */
export const noCycle: Rule = (sources) => {
  const arrows = inside(sources);
  const closed = new Set<string>();
  const visit = (path: string, open: readonly string[]): string[] => {
    if (open.includes(path)) return [...open.slice(open.indexOf(path)), path];
    if (closed.has(path)) return [];
    const found = arrows.filter(({ from }) => from === path).map(({ to }) => visit(to, [...open, path]));
    closed.add(path);
    return found.find(({ length }) => length > 0) ?? [];
  };
  return [...sources.keys()].map((path) => visit(path, [])).find(({ length }) => length > 0) ?? [];
};

/** A stage that was renamed, or is new, has to be listed here: otherwise the next rule would not apply to it. */
export const stagesAreKnown: Rule = (sources) => {
  const folders = new Set([...sources.keys()].map(folder).filter((name) => name !== undefined));
  const missing = STAGES.filter((name) => !folders.has(name));
  const unknown = [...folders].filter((name) => !STAGES.includes(name) && !NO_STAGES.includes(name));
  return [...missing.map((name) => `${name} is missing`), ...unknown.map((name) => `${name} is unknown`)];
};

/** A stage imports only types, and only from the stage before it. */
export const stagesInARow: Rule = (sources) =>
  inside(sources)
    .map((arrow) => ({ ...arrow, later: stage(arrow.from), earlier: stage(arrow.to) }))
    .filter(({ later, earlier }) => later >= 0 && earlier >= 0 && later !== earlier)
    .filter(({ later, earlier, typeOnly }) => !typeOnly || earlier !== later - 1)
    .map(show);

/** The core imports nothing but itself. What else it may name is for the compiler: test/runtime/core.test.ts. */
export const coreIsPure: Rule = (sources) =>
  imports(sources)
    .filter(({ from, to }) => isCore(from) && !isCore(to))
    .map(show);

export function isCore(path: string): boolean {
  return CORE.test(path);
}

export const onlyEntriesExit: Rule = (sources) =>
  [...sources].filter(([path, text]) => !ENTRIES.has(path) && /\bprocess\.exit\(/.test(text)).map(([path]) => path);

/** Unindented lines are declarations, comments and their ends; anything else is a statement that runs on import. */
export const importingDoesNothing: Rule = (sources) => {
  const declared =
    /^(import|export|const|let|(async )?function|class|interface|type|abstract|\/\/|\/\*|\s|[}\])]|#!|$)/;
  const awaits = /^(export )?(const|let) .*= await /;
  return [...sources]
    .filter(([path]) => !ENTRIES.has(path))
    .flatMap(([path, text]) =>
      withoutTemplates(text)
        .split("\n")
        .filter((line) => !declared.test(line) || awaits.test(line))
        .map((line) => `${path}: ${line}`),
    );
};

export const filesAndFunctionsAreShort: Rule = (sources) =>
  [...sources].flatMap(([path, text]) => {
    const lines = text.split("\n");
    const length = lines.length - 1;
    const functions = functionLengths(lines).filter(([, length]) => length > FUNCTION_LINES_MAX);
    const long = functions.map(([line, length]) => `${path}:${line} is a function of ${length} lines`);
    return length > FILE_LINES_MAX ? [`${path} has ${length} lines`, ...long] : long;
  });

/**
 * The line each function begins at, and its length. The formatter closes a block with a brace as far in as its head.
 */
function functionLengths(lines: readonly string[]): [line: number, length: number][] {
  const head = /^(\s*)(?!\s|(\} )?(if|else|for|while|switch|catch|try|class|interface)\b).*(\)|=>|\): .+) \{$/;
  return lines.flatMap((line, index) => {
    const indent = head.exec(line)?.[1];
    if (indent === undefined) return [];
    const end = lines.findIndex((other, at) => at > index && other.startsWith(`${indent}}`));
    return end < 0 ? [] : [[index + 1, end - index + 1]];
  });
}

export function imports(sources: Sources): Import[] {
  return [...sources].flatMap(([from, text]) => {
    const declared = [...text.matchAll(/^(?:import|export) (type )?(?:[^;"]*? from )?"([^"]+)";$/gm)];
    const dynamic = [...text.matchAll(/\bimport\("([^"]+)"\)/g)];
    return [
      ...declared.map(([, type, to = ""]) => ({ from, to: resolved(from, to), typeOnly: type !== undefined })),
      ...dynamic.map(([, to = ""]) => ({ from, to: resolved(from, to), typeOnly: false })),
    ];
  });
}

function resolved(from: string, to: string): string {
  if (to.startsWith(".")) return posix.join(posix.dirname(from), to);
  return to.startsWith("node:") ? to : to.split("/", to.startsWith("@") ? 2 : 1).join("/");
}

function inside(sources: Sources): Import[] {
  return imports(sources).filter(({ to }) => sources.has(to));
}

function isLibrary({ to }: Import): boolean {
  return !to.startsWith("node:") && !to.endsWith(".ts");
}

function stage(path: string): number {
  return STAGES.indexOf(folder(path) ?? "");
}

/** Of devtool, on its top level. */
function folder(path: string): string | undefined {
  return /^devtool\/([^/]+)\//.exec(path)?.[1];
}

function program(path: string): string {
  return path.slice(0, path.indexOf("/"));
}

function show({ from, to }: Import): string {
  return `${from} -> ${to}`;
}

function withoutTemplates(text: string): string {
  return text.replace(/`[^`]*`/g, "``");
}
