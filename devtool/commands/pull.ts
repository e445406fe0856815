import { isUtf8 } from "node:buffer";
import { realpathSync } from "node:fs";
import { relative, resolve } from "node:path";
import type { Call, Command } from "../command-line/command.ts";
import { type Connected, connect } from "../dev/lane/lane.ts";
import { openTarget } from "../dev/session.ts";
import { Failure, onTarget } from "../failure.ts";
import { ALWAYS_EXCLUDED } from "../ignore/rules.ts";
import { shownName, toBytes, toText } from "../paths/bytes.ts";
import { withSlashes } from "../paths/slashes.ts";
import { firstOf } from "../report/amounts.ts";
import { reportFailure, reportOf } from "../report/origin.ts";
import { matchesIn } from "../sync/matches.ts";
import { pull } from "../sync/pull.ts";

/** devtool pull PATH…: brings files and folders back from the mirror, also by patterns; with --dry-run it only says which. */
export const command: Command = async (call) => {
  const { target, ...place } = await openTarget(call);
  const paths = pathsOf(call.words, place.root);
  const connected = await connect(target, place, call.report, call.interrupts.signal);
  try {
    await onTarget(target.name, bring(connected, place.root, paths, call, target.name));
    return 0;
  } finally {
    await connected.connection.close();
  }
};

async function bring(
  { connection, facts, mirror, rsync, runsAs }: Connected,
  root: string,
  named: readonly string[],
  { options, report: reportAll, interrupts }: Call,
  target: string,
): Promise<void> {
  const report = reportOf(reportAll, { target });
  report({ event: "stage", stage: "pull" });
  const { force: mayReplace, dryRun: isDryRun } = options;
  const { signal } = interrupts;
  const asRoot = runsAs !== facts.user;
  const matches = topmost(await matchesIn(mirror, named, connection, { asRoot, signal }));
  const paths = matches.filter(isText);
  const unnamed = matches.filter((path) => !isText(path));
  if (paths.length === 0) throw notBrought(unnamed.map(whyUnnamed));
  const request = { root, mirror, rsync, asRoot, paths, mayReplace, isDryRun };
  const { brought, newer, notices, unbrought: cameNot, ...pulled } = await pull(connection, request, signal);
  const unbrought = [...unnamed.map(whyUnnamed), ...cameNot];
  for (const text of notices) report({ event: "notice", text });
  if (isDryRun) for (const path of brought) report({ event: "difference", change: "bring", path: toText(path) });
  if (isDryRun && brought.length + newer.length + unbrought.length === 0)
    report({ event: "notice", text: "there is nothing to bring: all of it is the same here" });
  if (!isDryRun) report({ event: "pulled", files: brought.length, ...pulled });
  if (unbrought.length > 0 && newer.length > 0) reportFailure(newerHere(newer), report);
  if (unbrought.length > 0) throw notBrought(unbrought);
  if (newer.length > 0) throw newerHere(newer);
}

/** Only such a path can be among a command's words there. */
function isText(path: string): boolean {
  return isUtf8(Buffer.from(path, "latin1"));
}

function whyUnnamed(path: string): string {
  return `${shownName(path)}: its name is not UTF-8, so that it comes only with its folder`;
}

const NAMES_MAX = 10;

function newerHere(paths: readonly string[]): Failure {
  return new Failure(`newer here, so not replaced: ${firstOf(paths.map(shownName), NAMES_MAX)}`, {
    code: "newer-here",
    remedy: "--force replaces them",
  });
}

function notBrought(sentences: readonly string[]): Failure {
  return new Failure(`not brought: ${firstOf(sentences, NAMES_MAX, "; ")}`, {
    code: "not-brought",
    remedy: "mend what is named, and pull again; all else that was asked for is here",
  });
}

/** Relative to the project, posix, as bytes. @throws Failure for one that is not in the project */
export function pathsOf(words: readonly string[], root: string, cwd = realpathSync(process.cwd())): string[] {
  if (words.length === 0) throw refused("devtool pull takes the files and folders to bring back, got none");
  return words.map((word) => toBytes(inProject(word, root, cwd)));
}

/** Each once, and none below another. */
function topmost(paths: readonly string[]): string[] {
  return [...new Set(paths)].filter((path) => !paths.some((other) => path.startsWith(`${other}/`)));
}

function inProject(word: string, root: string, cwd: string): string {
  const path = withSlashes(relative(root, resolve(cwd, word)));
  if (path === "") throw refused(`${word} is the whole project: name what is to be brought back`);
  if (path.startsWith("../") || path === ".." || resolve(root, path) === path)
    throw refused(`${word} is not in the project ${root}`);
  const never = path.split("/").find((name) => ALWAYS_EXCLUDED.includes(name));
  if (never !== undefined) throw refused(`${word}: ${never} is never brought back`);
  return path;
}

function refused(message: string): Failure {
  return new Failure(message, { code: "usage", exitCode: 2 });
}
