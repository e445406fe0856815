import { existsSync, realpathSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { createInterface } from "node:readline/promises";
import type { Command } from "../command-line/command.ts";
import type { DevtoolConfig } from "../config/config.ts";
import { findConfigFile } from "../config/find.ts";
import { Failure } from "../failure.ts";
import { detect } from "../init/detect.ts";
import { configText, ignoreMade, writeNew } from "../init/write.ts";
import { homeFolder } from "../process/user.ts";

/** devtool init: writes a first configuration for the project in this folder. */
export const command: Command = async ({ options, report, interrupts }) => {
  const root = process.cwd();
  const existing = findConfigFile(root);
  if (existing !== undefined) throw alreadyThere(relative(root, existing));
  const detected = await detect(root);
  if (detected?.config.bundle === undefined) refuseTooMuch(root);
  const target = options.target ?? (await chooseTarget(root, interrupts.signal));
  const written = configText(root, configFor(target, detected?.config));
  await writeNew(root, written);
  const { file } = written;
  const say = (words: string) => report({ event: "notice", text: words });
  say(
    `wrote ${file}: ${detected ? detected.kind : "nothing that devtool knows, so the whole project is sent and nothing is built"}`,
  );
  const ignored = await ignoreMade(root, detected ?? {});
  if (ignored.length > 0) say(`added ${ignored.join(", ")} to .gitignore`);
  const { envFile } = detected?.config ?? {};
  if (envFile !== undefined) say(`the program gets the variables in ${envFile}, which itself stays here`);
  if (detected?.config.run === undefined)
    say(`what to run is not known: write it as \`run\` in ${file}, or after \`devtool run\``);
  if (target === undefined)
    say("there is no target yet: --target, or `target` in the configuration, names the Linux machine");
  say(`next: devtool doctor, then devtool ${detected?.config.run ? "watch" : "watch CMD"}`);
  return 0;
};

/** For a folder all of which would be sent, with what else a person has there. */
function refuseTooMuch(root: string): void {
  const home = homeFolder();
  const isHome = existsSync(home) && realpathSync(home) === root;
  if (!isHome && root !== dirname(root)) return;
  throw new Failure(`${root} is ${isHome ? "your home folder" : "the root folder"}, all of which would be sent`, {
    code: "usage",
    remedy: "change to the project's folder first, or make one: mkdir hello && cd hello",
    exitCode: 2,
  });
}

/** What listens on this machine is reached here already. */
function configFor(target: string | undefined, { forward, ...config }: DevtoolConfig = {}): DevtoolConfig {
  const forwarded = target === "local" || forward === undefined ? {} : { forward };
  return { ...config, ...forwarded, ...(target === undefined ? {} : { target }) };
}

/** A Vagrantfile is the project's own Linux; otherwise asks, where somebody can answer. */
async function chooseTarget(root: string, signal: AbortSignal): Promise<string | undefined> {
  const likely = existsSync(join(root, "Vagrantfile")) ? "vagrant" : process.platform === "linux" ? "local" : undefined;
  if (!process.stdin.isTTY || !process.stderr.isTTY) return likely;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const shown = likely === undefined ? "" : ` [${likely}]`;
    const answer = await terminal.question(`target: local, vagrant, or [user@]host[:port]${shown}: `, { signal });
    return answer.trim() || likely;
  } finally {
    terminal.close();
  }
}

/** `file`: in this folder, or in one above it. */
function alreadyThere(file: string): Failure {
  const isAbove = dirname(file) !== ".";
  const project = isAbove ? "the configuration of the project that this folder is in" : "this project's configuration";
  const remedy = isAbove
    ? "devtool uses that here too; for a project of its own write devtool.config.json in this folder, at first only {}: the nearest one counts"
    : "edit it; devtool init never replaces one";
  return new Failure(`${file} is already ${project}`, { code: "config-invalid", remedy, exitCode: 2 });
}
