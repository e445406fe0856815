import { basename, extname, posix } from "node:path";
import type { DevtoolConfig } from "../config/config.ts";
import { withoutMark } from "../process/byte-order-mark.ts";
import type { Detected, Files } from "./detected.ts";
import { readMakefile } from "./makefile.ts";
import { webConfig } from "./web.ts";
import { type Manifest, workspaceFolders } from "./workspace.ts";

/** Where programs usually begin. */
const ENTRIES = ["main", "index", "server", "app", "cli"].flatMap((name) =>
  ["src/", ""].flatMap((folder) => [".ts", ".mts", ".js", ".mjs"].map((suffix) => `${folder}${name}${suffix}`)),
);

/** A project with a package.json and a file to start with, or a workspace of them. */
export async function nodeProject(files: Files): Promise<Detected | undefined> {
  const manifest = await manifestIn(files, "");
  if (manifest === undefined) return undefined;
  const web = await webConfig(files, scriptsOf(manifest));
  if (web) return { kind: "a server that has a script for development", config: web };
  const makefile = await files.text("native/Makefile");
  const native = makefile === undefined ? {} : { native: { folder: "native" } };
  const more = { ...native, ...(await variables(files, "", manifest)) };
  const config = await programIn(files, "", [...startedBy(manifest), ...ENTRIES], more);
  if (config === undefined) return await workspace(files, manifest);
  return {
    kind: "Node.js",
    config,
    makes: makefile === undefined ? [] : readMakefile(makefile).makes.map(belowNative),
  };
}

/** By the first of its packages that starts a program. */
async function workspace(files: Files, manifest: Manifest): Promise<Detected | undefined> {
  const folders = await workspaceFolders(files, manifest);
  const members = folders.map(async (folder) => {
    const member = await manifestIn(files, folder);
    if (member === undefined) return [];
    const more = await variables(files, `${folder}/`, member);
    const config = await programIn(files, `${folder}/`, startedBy({ ...member, main: undefined }), more);
    return config ? [{ folder, config }] : [];
  });
  const [first, ...others] = (await Promise.all(members)).flat();
  if (!first) return undefined;
  const elsewhere = others.map(({ folder }) => folder).join(", ");
  const kind = `Node.js, the program of ${first.folder}${elsewhere && `; others are in ${elsewhere}`}`;
  return { kind, config: first.config };
}

/** The first of these files of a folder that is there, bundled and run. */
async function programIn(
  files: Files,
  folder: string,
  entries: readonly string[],
  more: Pick<DevtoolConfig, "native" | "envFile">,
): Promise<DevtoolConfig | undefined> {
  for (const entry of entries.map((name) => `${folder}${name}`)) {
    const text = await files.text(entry);
    if (text === undefined) continue;
    const output = basename(entry, extname(entry));
    const include = await readByPrograms(files, folder);
    const sync = include.length === 0 ? {} : { sync: { include } };
    // Such as bin/www, by which express-generator's servers are started.
    const loader = extname(entry) === "" ? { loader: { "": "js" as const } } : {};
    const format = isCommonJs(text) ? { format: "cjs" as const } : {};
    const bundle = { entryPoints: { [output]: entry }, ...format, ...loader };
    return { bundle, ...more, ...sync, run: ["node", "--", `.devtool/${output}.js`] };
  }
  return undefined;
}

/** Such a program may ask whether it is the main one, by require.main, which is none in a bundle of ES modules. */
function isCommonJs(text: string): boolean {
  return /\brequire\.main\b/.test(text) || (/\brequire\(/.test(text) && !/^\s*(?:import|export)\b/m.test(text));
}

/** Packages that read a program's variables from .env, which git ignores. */
const READ_ENV = ["dotenv", "@nestjs/config"];

/** The file with variables that the program is started with, or reads, where it is there. */
async function variables({ text }: Files, folder: string, manifest: Manifest): Promise<Pick<DevtoolConfig, "envFile">> {
  const { dependencies, devDependencies } = manifest;
  const { dev, start } = scriptsOf(manifest);
  const packages = { ...Object(dependencies), ...Object(devDependencies) };
  const named = /--env-file(?:-if-exists)?[= ](\S+)/.exec(`${dev} ${start}`)?.[1];
  const file = named ?? (READ_ENV.some((name) => name in packages) ? ".env" : undefined);
  return file === undefined || (await text(folder + file)) === undefined ? {} : { envFile: folder + file };
}

/** Folders whose files programs read, and which no import names. */
const READ = ["public", "static", "assets", "views", "templates", "locales", "migrations"];

async function readByPrograms({ names }: Files, folder: string): Promise<string[]> {
  const found = await Promise.all(READ.map((name) => names(`${folder}${name}`)));
  return READ.filter((_, index) => found[index]?.length).map((name) => `${folder}${name}/`);
}

/** A line of a .gitignore for the folder as one for the project. */
function belowNative(line: string): string {
  return line.startsWith("/") ? `/native${line}` : `/native/**/${line}`;
}

/** The files that the manifest starts, and the sources of those that a build makes in dist/ or build/. */
function startedBy(manifest: Manifest): string[] {
  const { source, main, bin } = manifest;
  const scripts = scriptsOf(manifest);
  const programs = isRecord(bin) ? Object.values(bin) : [bin];
  const started = [scripts["dev"], scripts["start"]].flatMap((script) => filesOf(String(script)));
  const named = [source, ...started, main, ...programs].filter((name) => typeof name === "string");
  return named.map((name) => name.replace(/^\.\//, "")).flatMap((name) => [...sourcesOf(name), name]);
}

function scriptsOf({ scripts }: Manifest): Readonly<Record<string, unknown>> {
  return isRecord(scripts) ? scripts : {};
}

/** What may be the file in a command such as `nodemon -r dotenv/config src/app`: Node.js finds it without its suffix too. */
function filesOf(script: string): string[] {
  const after = /(?:^|\s)(?:node|tsx|ts-node|nodemon)\s+([^&|;]*)/.exec(script)?.[1] ?? "";
  const words = after.split(/\s+/).filter((word) => /^(?:[\w.-]*\/)*\w[\w.-]*$/.test(word));
  return words.flatMap((word) => (extname(word) === "" ? [word, `${word}.js`] : [word]));
}

function sourcesOf(name: string): string[] {
  const made = /^(?:dist|build|lib|out)\/(.+)\.[mc]?js$/.exec(name)?.[1];
  return made === undefined ? [] : [`src/${made}.ts`, `${made}.ts`];
}

async function manifestIn({ text }: Files, folder: string): Promise<Manifest | undefined> {
  try {
    const value: unknown = JSON.parse(withoutMark((await text(posix.join(folder, "package.json"))) ?? ""));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
