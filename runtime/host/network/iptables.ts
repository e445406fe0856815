import { spawnSync } from "node:child_process";
import type { Iptables, Jump } from "../../network/iptables.ts";

/** How long one of its processes may take: another may hold the lock of iptables. */
const PROCESS_MS = 10_000;

/** Declares the rules. Returns what iptables has against them; undefined if nothing. */
export function declareWithIptables({ program, restore, jumps }: Iptables): string | undefined {
  const refusal = run(`${program}-restore`, ["--noflush", "--wait"], restore);
  if (refusal !== undefined) return refusal;
  for (const jump of jumps) {
    if (run(program, words("-C", jump)) === undefined) continue;
    const failed = run(program, words("-I", jump));
    if (failed !== undefined) return failed;
  }
  return undefined;
}

/** What does not exist is left out. */
export function removeWithIptables({ program, jumps }: Iptables): void {
  for (const jump of jumps) run(program, words("-D", jump));
  for (const { table, rule } of jumps) {
    const chain = rule.at(-1) ?? "";
    run(program, ["--wait", "-t", table, "-F", chain]);
    run(program, ["--wait", "-t", table, "-X", chain]);
  }
}

function words(command: "-C" | "-I" | "-D", { table, chain, rule }: Jump): string[] {
  return ["--wait", "-t", table, command, chain, ...rule];
}

/** The first line of its standard error if it fails. */
function run(program: string, args: readonly string[], input = ""): string | undefined {
  const { status, stderr, error } = spawnSync(program, args, { input, encoding: "utf8", timeout: PROCESS_MS });
  if (error) return isMissing(error) ? `${program} is not installed` : `${program}: ${error.message}`;
  return status === 0 ? undefined : (stderr.split("\n")[0] ?? program);
}

function isMissing(error: Error): boolean {
  return "code" in error && error.code === "ENOENT";
}
