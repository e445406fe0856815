import { createInterface } from "node:readline/promises";
import { listHere, removeHere } from "../clean/here.ts";
import { listOnTarget } from "../clean/list.ts";
import { removeOnTarget } from "../clean/on-target.ts";
import type { Removal } from "../clean/removal.ts";
import type { Call, Command } from "../command-line/command.ts";
import { type Connected, connect } from "../dev/lane/lane.ts";
import { SentFiles } from "../dev/lane/sent.ts";
import { takeTurn } from "../dev/lane/turn.ts";
import { openTarget } from "../dev/session.ts";
import { Failure, onTarget } from "../failure.ts";
import { reportOf } from "../report/origin.ts";

const OLD_DAYS = 30;

/** devtool clean: removes what devtool keeps on the target, and with --caches here, after it has said what that is; with --dry-run it only says so. */
export const command: Command = async (call) => {
  const { target, ...place } = await openTarget(call);
  const connected = await connect(target, place, call.report, call.interrupts.signal);
  try {
    await onTarget(target.name, clean(target.name, connected, call));
    return 0;
  } finally {
    await connected.connection.close();
  }
};

async function clean(target: string, connected: Connected, call: Call): Promise<void> {
  const { options, interrupts, report } = call;
  const { signal } = interrupts;
  const { removals, inUse } = await listOnTarget(connected, options.old ? OLD_DAYS : undefined, signal);
  const isNew = connected.facts.isNew === true && removals.every(isOfConnection);
  const there = isNew ? [] : removals;
  const here = options.caches ? await listHere() : [];
  for (const removal of there) report({ event: "removal", ...removal }, { target });
  for (const removal of here) report({ event: "removal", ...removal });
  for (const path of inUse)
    report({ event: "notice", text: `another devtool uses the agent ${path}, so that stays` }, { target });
  if (isNew) for (const removal of removals) await removeThere(connected, removal, signal);
  if (there.length + here.length === 0) return report({ event: "notice", text: "there is nothing to remove" });
  if (options.dryRun) return;
  if (!options.yes && !(await isConfirmed(signal))) return report({ event: "notice", text: "nothing was removed" });
  const onWait = () => report({ event: "notice", text: "waiting for another devtool that updates this mirror" });
  const endTurn = await takeTurn(connected, onWait, signal);
  try {
    for (const removal of there) await removeThere(connected, removal, signal);
  } finally {
    endTurn();
  }
  for (const removal of here) await removeHere(removal);
  reportOf(report, { target })({ event: "notice", text: "removed" });
}

/** Whether a connection puts such a thing there. */
function isOfConnection({ kind }: Removal): boolean {
  return kind === "agent" || kind === "PATH" || kind === "folder";
}

async function removeThere(place: Connected, removal: Removal, signal: AbortSignal): Promise<void> {
  await removeOnTarget(place, removal, signal);
  await (await SentFiles.read(place.machine, removal.path)).forget();
}

async function isConfirmed(signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new Failure("nobody can be asked whether to remove this", {
      code: "usage",
      remedy: "devtool clean --yes removes it without a question",
      exitCode: 2,
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question("remove this? [y/N] ", { signal })).trim());
  } finally {
    terminal.close();
  }
}
