import { posix } from "node:path";
import type { Detected, Files } from "./detected.ts";

export async function goProject(files: Files): Promise<Detected | undefined> {
  const module = /^module\s+(\S+)/m.exec((await files.text("go.mod")) ?? "")?.[1];
  if (module === undefined) return undefined;
  const name = posix.basename(module.replace(/\/v\d+$/, "")) || files.name;
  const folder = await programFolder(files, name);
  if (folder === undefined) return { kind: "Go", config: { build: ["go"], run: ["go", "test", "./..."] } };
  const program = `.devtool/${folder === "" ? name : posix.basename(folder)}`;
  const args = ["-o", program, folder === "" ? "." : `./${folder}`];
  return { kind: "Go", config: { build: [{ tool: "go", args }], run: [program] } };
}

/** The folder of its main package, "" for its own; undefined for a library. */
async function programFolder(files: Files, name: string): Promise<string | undefined> {
  const own = await packageIn(files, "");
  if (own === "main") return "";
  const commands = (await files.names("cmd")).map((command) => `cmd/${command}`);
  const folders = [`cmd/${name}`, ...commands, name, ...(await files.names(""))];
  for (const folder of folders) if ((await packageIn(files, folder)) === "main") return folder;
  return own === undefined && commands.length === 0 ? "" : undefined;
}

async function packageIn({ names, text }: Files, folder: string): Promise<string | undefined> {
  const sources = (await names(folder)).filter((name) => name.endsWith(".go") && !name.endsWith("_test.go"));
  for (const source of sources) {
    const [, name] = /^package[ \t]+(\w+)/m.exec((await text(posix.join(folder, source))) ?? "") ?? [];
    if (name !== undefined) return name;
  }
  return undefined;
}
