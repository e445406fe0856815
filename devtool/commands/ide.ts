import { readFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import type { Command } from "../command-line/command.ts";
import type { Options } from "../command-line/options.ts";
import { loadProject, type Project } from "../config/project.ts";
import { Failure } from "../failure.ts";
import type { Integration } from "../ide/integration.ts";
import { EDITORS, type Editor, writeFor } from "../ide/write.ts";
import { commandLine } from "../run/command.ts";
import { isNode } from "../run/inspect.ts";

/** devtool ide EDITOR [CMD…]: writes what an editor needs to run, watch, build and debug the project. */
export const command: Command = async ({ options, words: [name, ...words], report }) => {
  const editor = editorNamed(name);
  const project = await loadProject(options.config, process.cwd());
  const integration = await integrationOf(project, words, options);
  await writeFor(editor, integration, project.root, options.force, (text) => report({ event: "notice", text }));
  return 0;
};

function editorNamed(name: string | undefined): Editor {
  const editor = EDITORS.find((known) => known === name);
  if (editor !== undefined) return editor;
  const got = name === undefined ? "nothing" : JSON.stringify(name);
  throw new Failure(`devtool ide takes ${EDITORS.join(", ")}, got ${got}`, { code: "usage", exitCode: 2 });
}

/** @throws Failure where there is no command to run */
async function integrationOf(project: Project, words: readonly string[], options: Options): Promise<Integration> {
  const argv = commandLine(project, words, undefined);
  const manifest = await readFile(join(project.root, "package.json"), "utf8").catch(() => "{}");
  return {
    devtool: ["npx", "--no", "--", "devtool"],
    options: optionsOf(project, options),
    words,
    isNode: argv.some(isNode),
    hasTests: /"test"\s*:/.test(manifest),
  };
}

/** Those of this command that what it writes is to have as well; an editor starts it in the project's folder. */
function optionsOf({ root, config }: Project, { target, sshConfig }: Options): string[] {
  return [
    ...(config.isNamed ? ["--config", relative(root, config.file)] : []),
    ...(target === undefined ? [] : ["--target", target]),
    ...(sshConfig === undefined ? [] : ["--ssh-config", relative(root, resolve(sshConfig))]),
  ];
}
