import { existsSync } from "node:fs";
import { appendFile, lstat, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isMachineCode } from "../bundle/addons/elf.ts";
import type { DevtoolConfig } from "../config/config.ts";
import { Failure } from "../failure.ts";
import { errnoOf, errnoWords } from "../process/errno.ts";
import type { Detected } from "./detected.ts";

/** Where a project that has this package finds it. */
const SCHEMA = "./node_modules/tinydocker/dist/devtool.config.schema.json";

export interface ConfigText {
  readonly file: string;
  readonly text: string;
}

/** The configuration as TypeScript for a project with a package.json, else as JSON. */
export function configText(root: string, config: DevtoolConfig): ConfigText {
  if (!existsSync(join(root, "package.json"))) {
    const schema = existsSync(join(root, SCHEMA)) ? { $schema: SCHEMA } : {};
    return { file: "devtool.config.json", text: `${JSON.stringify({ ...schema, ...config }, null, 2)}\n` };
  }
  const body = JSON.stringify(config, null, 2).replace(/^(\s*)"([A-Za-z_]\w*)":/gm, "$1$2:");
  const text = `import { defineConfig } from "tinydocker/config";\n\nexport default defineConfig(${body});\n`;
  return { file: "devtool.config.ts", text };
}

/** Writes a new file; never replaces one. @throws Failure */
export async function writeNew(root: string, { file, text }: ConfigText): Promise<void> {
  try {
    await writeFile(join(root, file), text, { flag: "wx" });
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    const [why, remedy] =
      code === "EEXIST"
        ? ["it exists already", "change it, or remove it first"]
        : [errnoWords(code), "check who may write to the folder, and that the disk is not full"];
    throw new Failure(`can't write ${file}: ${why}`, { code: "config-invalid", remedy, exitCode: 2, cause: error });
  }
}

/**
 * Adds devtool's folder, that of npm's packages and what the project `makes` and `fills` to its .gitignore, unless lines name
 * them; returns those it added.
 */
export async function ignoreMade(
  root: string,
  { makes = [], fills = [] }: Pick<Detected, "makes" | "fills">,
): Promise<readonly string[]> {
  const path = join(root, ".gitignore");
  const before = await readFile(path, "utf8").catch(() => "");
  const folders = [".devtool/", ...(existsSync(join(root, "package.json")) ? ["node_modules/"] : []), ...fills];
  const bare = (line: string) => line.trim().replace(/^\/|\/$/g, "");
  const named = new Set(before.split(/\r?\n/).map(bare));
  const isSource = await Promise.all(makes.map((line) => isThere(root, line)));
  const lines = [...folders, ...makes.filter((_, index) => !isSource[index])];
  const added = lines.filter((line) => !named.has(bare(line)));
  if (added.length > 0) await append(path, added, before);
  return added;
}

/** What is there stays as it is, in whatever encoding. @throws Failure */
async function append(path: string, added: readonly string[], before: string): Promise<void> {
  const end = before.includes("\r\n") ? "\r\n" : "\n";
  const start = before === "" || before.endsWith("\n") ? "" : end;
  try {
    if ((await lstat(path).catch(() => undefined))?.isSymbolicLink()) throw NOT_FOLLOWED;
    await appendFile(path, `${start}${added.join(end)}${end}`);
  } catch (error) {
    throw notAdded(added, error);
  }
}

const NOT_FOLLOWED = new Error("it is a symbolic link, which git does not follow");

function notAdded(lines: readonly string[], cause: unknown): Failure {
  const errno = errnoOf(cause);
  const why = errno === undefined ? (cause as Error).message : errnoWords(errno);
  return new Failure(`can't add ${lines.join(", ")} to .gitignore: ${why}`, {
    code: "project-unwritable",
    remedy: "make it a file that can be read and written, and add them; else what is made there is sent",
    cause,
  });
}

/** Whether the line names what is there and no compiler wrote: then it is not what it was taken for. */
async function isThere(root: string, line: string): Promise<boolean> {
  const path = join(root, line);
  if (!existsSync(path)) return false;
  return !(await isMachineCode(path).catch(() => false));
}
