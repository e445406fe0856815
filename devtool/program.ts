import { setFlagsFromString } from "node:v8";
import type { Arguments } from "./command-line/arguments.ts";
import type { Command } from "./command-line/command.ts";
import type { CommandName } from "./command-line/tables.ts";

/** Most runs are parsed without it, and need not load yargs. */
export async function parseArguments(argv: readonly string[]): Promise<Arguments> {
  return await (await import("./command-line/arguments.ts")).parseArguments(argv);
}

/** Each command's code is loaded only when that command is run. */
const COMMANDS: Readonly<Record<CommandName, () => Promise<Command>>> = {
  init: async () => (await import("./commands/init.ts")).command,
  config: async () => (await import("./commands/config.ts")).command,
  run: async () => (await import("./commands/run.ts")).command,
  watch: async () => (await import("./commands/watch.ts")).command,
  sync: async () => (await import("./commands/sync.ts")).command,
  build: async () => (await import("./commands/build.ts")).command,
  pull: async () => (await import("./commands/pull.ts")).command,
  doctor: async () => (await import("./commands/doctor.ts")).command,
  provision: async () => (await import("./commands/provision.ts")).command,
  up: async () => (await import("./commands/vagrant.ts")).up,
  halt: async () => (await import("./commands/vagrant.ts")).halt,
  destroy: async () => (await import("./commands/vagrant.ts")).destroy,
  trace: async () => (await import("./commands/trace.ts")).command,
  ide: async () => (await import("./commands/ide.ts")).command,
  exec: async () => (await import("./commands/containers.ts")).passedOn("exec"),
  ps: async () => (await import("./commands/containers.ts")).passedOn("ps"),
  logs: async () => (await import("./commands/containers.ts")).passedOn("logs"),
  stop: async () => (await import("./commands/containers.ts")).passedOn("stop"),
  rm: async () => (await import("./commands/containers.ts")).passedOn("rm"),
  stats: async () => (await import("./commands/containers.ts")).passedOn("stats"),
  ssh: async () => (await import("./commands/ssh.ts")).command,
  clean: async () => (await import("./commands/clean.ts")).command,
  status: async () => (await import("./commands/status.ts")).command,
  completion: async () => (await import("./commands/completion.ts")).command,
};

export async function load(name: CommandName): Promise<Command> {
  // V8 frees the buffers that were read once its young generation is full. If that grew, it would mark all that lives to find them
  // first, which takes a quarter of the time of much output.
  setFlagsFromString("--semi-space-growth-factor=1");
  return await COMMANDS[name]();
}
