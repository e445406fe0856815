import { basename, extname } from "node:path";
import { withoutMark } from "../process/byte-order-mark.ts";
import type { Detected, Files } from "./detected.ts";
import { readMakefile } from "./makefile.ts";
import { webConfig } from "./web.ts";

/** Where programs usually begin. */
const ENTRIES = ["main", "index", "server", "app", "cli"].flatMap((name) =>
  ["src/", ""].flatMap((folder) => [".ts", ".mts", ".js", ".mjs"].map((suffix) => `${folder}${name}${suffix}`)),
);

/** A project with a package.json and a file to start with. */
export async function nodeProject(files: Files): Promise<Detected | undefined> {
  const manifest = parsed((await files.text("package.json")) ?? "");
  if (manifest === undefined) return undefined;
  const web = await webConfig(files, scriptsOf(manifest));
  if (web) return { kind: "a web site with a server of its own for development", config: web };
  for (const entry of [...namedBy(manifest), ...ENTRIES]) {
    if ((await files.text(entry)) === undefined) continue;
    const output = basename(entry, extname(entry));
    const makefile = await files.text("native/Makefile");
    const native = makefile === undefined ? {} : { native: { folder: "native" } };
    const include = await readByPrograms(files);
    const sync = include.length === 0 ? {} : { sync: { include } };
    // Such as bin/www, by which express-generator's servers are started.
    const loader = extname(entry) === "" ? { loader: { "": "js" } } : {};
    const bundle = { entryPoints: { [output]: entry }, ...loader };
    return {
      kind: "Node.js",
      config: { bundle, ...native, ...sync, run: ["node", "--", `.devtool/${output}.js`] },
      makes: makefile === undefined ? [] : readMakefile(makefile).makes.map(belowNative),
    };
  }
  return undefined;
}

/** Folders whose files programs read, and which no import names. */
const READ = ["public", "static", "assets", "views", "templates", "locales", "migrations"];

async function readByPrograms({ names }: Files): Promise<string[]> {
  const found = await Promise.all(READ.map(names));
  return READ.filter((_, index) => found[index]?.length).map((name) => `${name}/`);
}

/** A line of a .gitignore for the folder as one for the project. */
function belowNative(line: string): string {
  return line.startsWith("/") ? `/native${line}` : `/native/**/${line}`;
}

/** The files that the manifest starts, and the sources of those that a build makes in dist/ or build/. */
function namedBy(manifest: Readonly<Record<string, unknown>>): string[] {
  const { source, main, bin } = manifest;
  const scripts = scriptsOf(manifest);
  const programs = isRecord(bin) ? Object.values(bin) : [bin];
  const started = [scripts["dev"], scripts["start"]].flatMap((script) => filesOf(String(script)));
  const named = [source, ...started, main, ...programs].filter((name) => typeof name === "string");
  return named.map((name) => name.replace(/^\.\//, "")).flatMap((name) => [...sourcesOf(name), name]);
}

function scriptsOf({ scripts }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return isRecord(scripts) ? scripts : {};
}

/** What may be the file in a command such as `nodemon -r dotenv/config src/app`: Node.js finds it without its suffix too. */
function filesOf(script: string): string[] {
  const after = /(?:^|\s)(?:node|tsx|ts-node|nodemon)\s+([^&|;]*)/.exec(script)?.[1] ?? "";
  const words = after.split(/\s+/).filter((word) => /^[\w./][\w./-]*$/.test(word));
  return words.flatMap((word) => (extname(word) === "" ? [word, `${word}.js`] : [word]));
}

function sourcesOf(name: string): string[] {
  const made = /^(?:dist|build|lib|out)\/(.+)\.[mc]?js$/.exec(name)?.[1];
  return made === undefined ? [] : [`src/${made}.ts`, `${made}.ts`];
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(withoutMark(text));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
