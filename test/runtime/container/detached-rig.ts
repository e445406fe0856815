import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { isListOf, isRecordOf, isText } from "../../../runtime/shape.ts";
import { type Journal, readJournal } from "../../../runtime/state/journal.ts";
import type { Scope } from "../../rig/host.ts";
import { traces } from "../../rig/leaks.ts";
import { importBusybox, tinydocker } from "../../rig/tinydocker.ts";

export const DETACH = ["run", "-d", "--image", "box", "--network", "none"];
/** Ends with 3 when it is to stop. */
export const TRAPPED = ["sh", "-c", "trap 'exit 3' TERM; echo up; while :; do sleep 1000 & wait; done"];

const isRows = isListOf(isRecordOf({ Names: isText, Status: isText }));

/** The command line, with the image `box`, and what a test asks of it. `entry`: another program that is the command line as well. */
export async function detachedRig(scope: Scope, entry?: string) {
  const rig = await tinydocker(scope, entry);
  await importBusybox(rig);

  /** Without a word on standard error; returns what it prints. */
  async function succeeds(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await rig.run(words);
    assert.deepEqual([code, stderr], [0, ""], words.join(" "));
    return stdout;
  }

  /** What there is of these containers, which have no network; other tests' networks come and go. */
  function left() {
    const { links: _links, rules: _rules, ...own } = traces(rig.root);
    return own;
  }

  await succeeds("run", "--image", "box", "--network", "none", "first", "true");
  return {
    ...rig,
    succeeds,
    left,
    clean: left(),
    detach: (...words: string[]) => succeeds(...DETACH, ...words),
    /** What ps says of it, without the time; undefined where there is no such container. */
    async statusOf(name: string): Promise<string | undefined> {
      const rows: unknown = JSON.parse(await succeeds("ps", "-a", "--json"));
      assert.ok(isRows(rows));
      return rows
        .find(({ Names }) => Names === name)
        ?.Status.replace(/ (just now|(\d+ seconds?|Less than a second)( ago)?)$/, "");
    },
    journal(name: string): Journal {
      const path = join(rig.root, "locks", name);
      const fd = openSync(path, "r");
      try {
        return readJournal(fd, path);
      } finally {
        closeSync(fd);
      }
    },
  };
}

/** The container's first process. */
export function processIn({ entries }: Journal): number {
  return entries.flatMap(({ resource }) => (resource.kind === "process" ? [resource.pid] : [])).at(-1) ?? 0;
}
