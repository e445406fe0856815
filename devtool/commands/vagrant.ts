import type { Call, Command } from "../command-line/command.ts";
import { projectRoot } from "../config/project.ts";
import { exitCodeOfStatus } from "../process/exit-code.ts";

/** devtool up, halt, destroy: run vagrant's command of the same name in the project. */
export const up: Command = (call) => vagrant("up", call);
export const halt: Command = (call) => vagrant("halt", call);
export const destroy: Command = (call) => vagrant("destroy", call);

async function vagrant(subcommand: string, { options, words, report, interrupts }: Call): Promise<number> {
  const startedAt = performance.now();
  const { runVagrant } = await import("../targets/vagrant/command.ts");
  const root = (await projectRoot(options.config, process.cwd())) ?? process.cwd();
  const onLine = options.format === "json" ? (text: string) => report({ event: "log", text }) : undefined;
  // vagrant runs on this terminal, which sends it Ctrl-C.
  const release = interrupts.intercept(() => {}, "all");
  const status = await runVagrant([subcommand, ...words], root, onLine).finally(release);
  if (status.code === 0) report({ event: "finished", milliseconds: performance.now() - startedAt });
  return exitCodeOfStatus(status);
}
