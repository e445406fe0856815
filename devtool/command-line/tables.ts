import { INSPECT_PORT } from "../run/inspect.ts";

export type CommandName = keyof typeof COMMANDS;

/** `words`: the operands, as the usage shows them; `all`: options too are passed on to another program; "passed on": also --help after others. */
export const COMMANDS = {
  init: { words: "", about: "write a first configuration for the project in this folder" },
  config: {
    words: "print | schema",
    about: "show the configuration with where each value comes from, or its JSON schema",
  },
  run: { words: "[CMD…]", about: "bundle, sync, compile, and run once; the exit code is the command's" },
  watch: { words: "[CMD…]", about: "the same at every save" },
  sync: { words: "", about: "bundle, and update the mirror on the target" },
  build: { words: "", about: "bundle, sync, and compile on the target" },
  pull: {
    words: "PATH…",
    about: "bring files and folders back from the mirror, such as what was built there: out, or '*.so'",
  },
  doctor: { words: "", about: "report what is missing here and on the target, and what to do about it" },
  provision: { words: "", about: "install what is missing on the target (Debian, Ubuntu)" },
  up: { words: "all", about: "start the virtual machine that is the target, else the Vagrant machine" },
  halt: { words: "all", about: "stop the virtual machine that is the target, else the Vagrant machine" },
  destroy: { words: "all", about: "remove the virtual machine that is the target, else the Vagrant machine" },
  trace: { words: "[FILE.html]", about: "show where the time of the last rounds went, or write it as a page" },
  ide: {
    words: "vscode | jetbrains | zed | neovim  [CMD…]",
    about: "write what an editor needs to run, watch, build and debug the project",
  },
  exec: { words: "passed on", about: "run a command in a container on the target, as tinydocker exec" },
  ps: { words: "passed on", about: "list the containers on the target, as tinydocker ps" },
  logs: { words: "passed on", about: "show what a container on the target printed, as tinydocker logs" },
  stop: { words: "passed on", about: "end containers on the target, as tinydocker stop" },
  rm: { words: "passed on", about: "remove containers on the target, as tinydocker rm" },
  stats: { words: "passed on", about: "show what containers on the target use, as tinydocker stats" },
  ssh: { words: "[CMD…]", about: "open a shell on the target, in the mirror" },
  clean: { words: "", about: "remove the mirror and what else devtool keeps on the target, after asking" },
  status: { words: "", about: "show the target, how it is reached, and where the mirror is" },
  completion: {
    words: "bash | zsh | fish | powershell",
    about: "print the script by which a shell completes devtool's commands",
  },
} as const;

export const NAMES = Object.keys(COMMANDS) as CommandName[];

export const OPTIONS = {
  target: {
    type: "string",
    requiresArg: true,
    describe: "local, vagrant, [user@]host[:port], or a name in the configuration; several, side by side: a,b",
  },
  config: {
    type: "string",
    requiresArg: true,
    describe: "configuration file, instead of the nearest devtool.config.*",
  },
  json: { type: "boolean", describe: "the same as --format json" },
  format: {
    type: "string",
    requiresArg: true,
    describe: "human; json: one event per line; sarif, github: also the diagnostics, as these read them",
  },
  provision: { type: "boolean", describe: "run and watch: first install what is missing on the target" },
  interactive: { type: "boolean", alias: "i", describe: "watch: the program gets the terminal and the input" },
  "on-busy": {
    type: "string",
    requiresArg: true,
    describe: "watch: at a save while the program runs, restart it; queue the round; or ignore it",
  },
  forward: {
    type: "string",
    array: true,
    requiresArg: true,
    describe:
      "run and watch: PORT[:PORT] of this machine is the target's while the program runs; published: all that its container publishes; may be repeated",
  },
  reverse: {
    type: "string",
    array: true,
    requiresArg: true,
    describe: "run and watch: PORT[:PORT] of the target is this machine's",
  },
  timings: { type: "boolean", describe: "run and watch: say after each round what its stages took" },
  inspect: {
    type: "boolean",
    describe: `run and watch: a debugger can attach to the program, at port ${INSPECT_PORT} or --inspect=PORT of this machine`,
  },
  "inspect-brk": {
    type: "boolean",
    describe: "the same, and the program waits for the debugger before its first line",
  },
  force: {
    type: "boolean",
    describe:
      "sync even if that deletes most of what was sent before; pull, ide: also replace what is newer or edited here",
  },
  "dry-run": { type: "boolean", describe: "sync, pull, clean: only name what would be sent, deleted or brought" },
  yes: { type: "boolean", describe: "clean: remove without asking" },
  caches: { type: "boolean", describe: "clean: also the packages that are cached on this machine" },
  old: { type: "boolean", describe: "clean: also the mirrors of other projects that were not used for 30 days" },
  "accept-new-host-key": { type: "boolean", describe: "accept the key of a host that is not known yet" },
  "ssh-config": { type: "string", requiresArg: true, describe: "SSH configuration file, instead of ~/.ssh/config" },
  help: { type: "boolean", alias: "h", describe: "show this help" },
  version: { type: "boolean", describe: "show devtool's version" },
} as const;

/** Of the others, the last one counts. */
export const REPEATABLE: readonly string[] = ["forward", "reverse"];

/** Options of some commands only. */
export const ONLY_OF: Readonly<Record<string, readonly CommandName[]>> = {
  provision: ["run", "watch"],
  interactive: ["watch"],
  "on-busy": ["watch"],
  forward: ["run", "watch"],
  timings: ["run", "watch"],
  inspect: ["run", "watch"],
  "inspect-brk": ["run", "watch"],
  reverse: ["run", "watch"],
  force: ["sync", "build", "run", "watch", "ide", "pull"],
  "dry-run": ["sync", "pull", "clean"],
  yes: ["clean"],
  caches: ["clean"],
  old: ["clean"],
  version: [],
};
