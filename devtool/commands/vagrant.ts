import type { Call, Command } from "../command-line/command.ts";
import { findConfigFile } from "../config/find.ts";
import { loadProject, type Project, projectRoot } from "../config/project.ts";
import { Failure } from "../failure.ts";
import { exitCodeOf } from "../process/exit-code.ts";
import type { MachineVerb } from "../targets/machine/tool.ts";
import type { ExitStatus } from "../targets/target.ts";

/** devtool up, halt, destroy: of the machine that is the target; without one vagrant's command of the same name in the project. */
export const up: Command = (call) => machine("up", call);
export const halt: Command = (call) => machine("halt", call);
export const destroy: Command = (call) => machine("destroy", call);

async function machine(verb: MachineVerb, call: Call): Promise<number> {
  const { options, report, interrupts } = call;
  const startedAt = performance.now();
  const onLine = options.format === "json" ? (text: string) => report({ event: "log", text }) : undefined;
  const run = await runOf(verb, call, onLine);
  // It runs on this terminal, which sends it Ctrl-C.
  const release = interrupts.intercept(() => {}, "all");
  const status = await run().finally(release);
  if (status.code === 0) report({ event: "finished", milliseconds: performance.now() - startedAt });
  return status.signal === null ? status.code : exitCodeOf(status.signal);
}

async function runOf(
  verb: MachineVerb,
  call: Call,
  onLine: ((line: string) => void) | undefined,
): Promise<() => Promise<ExitStatus>> {
  const { options, words } = call;
  const target = await machineTargeted(call);
  if (target !== undefined && target.kind !== "vagrant") {
    const { runMachine } = await import("../targets/machine/tool.ts");
    return () => runMachine(target.kind, verb, [...words, target.name], onLine);
  }
  const { runVagrant } = await import("../targets/vagrant/command.ts");
  const root = (await projectRoot(options.config, process.cwd())) ?? process.cwd();
  const named = target?.machine === undefined ? [] : [target.machine];
  return () => runVagrant([verb, ...words, ...named], root, onLine);
}

/** undefined: no target is a virtual machine, or one is Vagrant's without a name. @throws Failure where another one is asked for */
async function machineTargeted({ options }: Call) {
  const file = options.config ?? findConfigFile(process.cwd());
  const { targets, target } = file === undefined ? NO_TARGETS : await loadProject(file, process.cwd());
  for (const name of options.target?.split(",") ?? target) {
    const settings = Object.hasOwn(targets, name) ? targets[name] : undefined;
    if (settings?.kind === "lima" || settings?.kind === "multipass" || settings?.kind === "vagrant") return settings;
  }
  if (options.target !== undefined && options.target !== "vagrant") throw notMachine(options.target);
  return undefined;
}

const NO_TARGETS: Pick<Project, "targets" | "target"> = { targets: {}, target: [] };

function notMachine(name: string): Failure {
  return new Failure(`the target ${name} is not a virtual machine of vagrant, lima or multipass`, {
    code: "usage",
    remedy: "name one that is, or none for the Vagrant machine of the project",
    exitCode: 2,
  });
}
