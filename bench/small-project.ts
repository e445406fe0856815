import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Sshd } from "../test/rig/sshd.ts";
import { type Scope, workDirectory } from "./scope.ts";

/** A program that prints a text. */
export const source = (text: string) => `console.log(${JSON.stringify(text)});\n`;

/** A bundle of one file, for each of these targets. */
export async function smallProject(sshds: readonly Sshd[], scope: Scope): Promise<string> {
  const root = join(await workDirectory(scope), "project");
  await mkdir(root);
  const targets = sshds.map(({ host, configFile }, index) => [`t${index}`, { kind: "ssh", host, configFile }] as const);
  const config = {
    bundle: { entryPoints: { main: "main.ts" } },
    targets: Object.fromEntries(targets),
    target: targets.map(([name]) => name),
  };
  await writeFile(join(root, "devtool.config.json"), JSON.stringify(config));
  await writeFile(join(root, "main.ts"), source("first"));
  return root;
}
