import { asksForHelp } from "./commands/asks-for-help.ts";
import { withoutContainer } from "./commands/container-words.ts";
import { outputFailure, report } from "./commands/output/report.ts";
import { SIGPIPE_EXIT } from "./commands/output/write.ts";
import { ignoreAsCaller } from "./commands/signals.ts";
import { surviveHangup } from "./host/terminal.ts";

restoreVariables(process.env);
ignoreAsCaller();
surviveHangup();
void main(withoutContainer(withoutDashes(process.argv.slice(2))));

/** launch.sh keeps these from this Node.js: they are for that of a container which gets them by -e. */
function restoreVariables(env: NodeJS.ProcessEnv): void {
  for (const name of ["NODE_OPTIONS", "NODE_EXTRA_CA_CERTS"]) {
    const kept = env[`TINYDOCKER_${name}`];
    if (kept) env[name] = kept;
    else if (kept === "") delete env[name];
  }
}

/** No option comes before the command: `--` says nothing there. */
function withoutDashes(args: readonly string[]): readonly string[] {
  return args[0] === "--" ? args.slice(1) : args;
}

/** What is imported below, dist/ has in a file of its own each, so that a command loads nothing but what it needs. */
async function main(args: readonly string[]): Promise<void> {
  const [command, ...rest] = args;
  process.exitCode ||= await dispatch(command, rest, args);
}

function dispatch(command: string | undefined, rest: readonly string[], args: readonly string[]): Promise<number> {
  if (asksForHelp(args)) return other(args);
  if (command === "run") return complete(run(rest));
  if (command === "exec") return complete(exec(rest));
  if (command === "pull") return complete(pull(rest));
  if (command === "completion") return completion(rest);
  if (command === "undo") return complete(undo(rest[0] ?? ""));
  if (command === "joined") return joined(rest[0] ?? "");
  return verb(args);
}

/** Ends this program after work that leaves nothing to wait for, and no output in Node.js's hands: it need not free its memory. */
async function complete(work: Promise<number>): Promise<never> {
  const code = await work;
  process.exit(process.exitCode || code);
}

/** A reader that is gone has what it wants: then this ends as by SIGPIPE, which Node.js ignores. */
function outputFailed(error: NodeJS.ErrnoException): void {
  process.exitCode = error.code === "EPIPE" ? SIGPIPE_EXIT : report(outputFailure(error));
}

async function run(args: readonly string[]): Promise<number> {
  try {
    const { runCommand } = await import("./commands/run/run.ts");
    return await runCommand(args);
  } catch (error) {
    return report(error);
  }
}

async function exec(args: readonly string[]): Promise<number> {
  const { execCommand } = await import("./commands/run/exec.ts");
  return await execCommand(args);
}

async function completion(args: readonly string[]): Promise<number> {
  const { completionCommand } = await import("./commands/completion/completion.ts");
  return await completionCommand(args);
}

/** What a monitor starts in the end. Nobody reads what it would print, and the next command finds what it can't undo. */
async function undo(key: string): Promise<number> {
  const { undoEnded } = await import("./container/undo.ts");
  return await undoEnded(key);
}

/** What a monitor starts before it starts a container again that joins others. */
async function joined(key: string): Promise<number> {
  const { joinedNow } = await import("./container/running/joined-now.ts");
  const { stateRoot } = await import("./state/root.ts");
  process.stdout.write(joinedNow(stateRoot(), key));
  return 0;
}

async function verb(args: readonly string[]): Promise<number> {
  const { runVerb } = await import("./commands/verbs/run-verb.ts");
  return (await runVerb(args)) ?? (await other(args));
}

async function pull(args: readonly string[]): Promise<number> {
  const { pullCommand } = await import("./commands/image/pull.ts");
  return await pullCommand(args);
}

/** Only here are Node.js's own streams used: they would make a container's pipes nonblocking. */
async function other(args: readonly string[]): Promise<number> {
  process.stderr.on("error", () => {});
  process.stdout.on("error", outputFailed);
  const { otherCommands } = await import("./commands/command-line.ts");
  return await otherCommands(args);
}
