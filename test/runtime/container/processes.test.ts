import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, describe, it } from "node:test";
import { gone, killIfThere } from "../../rig/processes.ts";
import { outcomeOf } from "../../rig/tinydocker.ts";
import { detachedRig, processIn } from "./detached-rig.ts";

const IS_V1 = existsSync("/sys/fs/cgroup/pids");
/** Under a name that no other test takes for a leftover. */
const PREFIX = join(IS_V1 ? "/sys/fs/cgroup/pids" : "/sys/fs/cgroup", `processes-test-${process.pid}.`);
const cgroups: string[] = [];

/** One for each program: pids.current also counts those of an earlier one that have ended a moment ago. */
function newCgroup(): string {
  const cgroup = `${PREFIX}${cgroups.length}`;
  mkdirSync(cgroup);
  cgroups.push(cgroup);
  return cgroup;
}

const rig = await detachedRig({ after });
const { detach, journal, statusOf, left, clean } = rig;

/** Loaded before the program: it is limited to the processes and threads that it has then, and so many more. */
const limit = join(rig.directory, "limit.cjs");
writeFileSync(
  limit,
  `const { readFileSync, writeFileSync } = require("node:fs");
   const { CGROUP, MORE } = process.env;
   writeFileSync(CGROUP + "/cgroup.procs", String(process.pid));
   writeFileSync(CGROUP + "/pids.max", String(Number(readFileSync(CGROUP + "/pids.current", "utf8")) + Number(MORE)));`,
);

async function limited(more: number, ...words: string[]) {
  const cgroup = newCgroup();
  const env = { NODE_OPTIONS: `--require=${limit}`, CGROUP: cgroup, MORE: String(more) };
  try {
    return await rig.run(words, { env });
  } finally {
    writeFileSync(join(cgroup, "pids.max"), "max");
  }
}

const MOST = 12;
const REFUSED =
  /^tinydocker: (tinydocker's native part can't start|can't start a process in new namespaces \(\w+\)|[^\n]*): EAGAIN, [^\n]*\n {2}there are too many processes: [^\n]*pids\.max\n$/;

after(async () => {
  for (const cgroup of cgroups) {
    await emptyCgroup(cgroup);
    rmdirSync(cgroup);
  }
});

/** What a monitor started in the end while there were too few: Node.js waits for ever then, and the monitor's time limit is long. */
async function emptyCgroup(cgroup: string): Promise<void> {
  const left = readFileSync(join(cgroup, "cgroup.procs"), "utf8").split("\n");
  for (const pid of left.filter((line) => line !== "").map(Number)) {
    killIfThere(pid);
    await gone(pid);
  }
}

afterEach(async () => {
  await rig.run(["rm", "-f", "d1"]);
  assert.deepEqual(left(), clean);
});

/** Asks for it with ever more processes, until it succeeds twice in a row. Returns the number of refusals. */
async function untilItSucceeds(check: () => Promise<void>, ...words: string[]): Promise<number> {
  let refusals = 0;
  let successes = 0;
  for (let more = 0; successes < 2; more += 1) {
    assert.ok(more < MOST, "it never succeeds");
    const { code, stdout, stderr } = await limited(more, ...words);
    successes = code === 0 ? successes + 1 : 0;
    if (code === 0) continue;
    refusals += 1;
    assert.deepEqual([code, stdout], [125, ""], `${more} more: ${stderr}`);
    assert.match(stderr, REFUSED);
    await check();
  }
  return refusals;
}

describe("where there are no more processes", () => {
  it("a container is not started, says why, and leaves nothing; with one more it is", async () => {
    for (const mode of [[], ["-d", "--rm"]]) {
      const words = ["run", ...mode, "--image", "box", "--network", "none", "d1", "true"];
      const refusals = await untilItSucceeds(async () => assert.equal(await statusOf("d1"), undefined), ...words);
      assert.ok(refusals >= 2, String(refusals));
    }
  });

  it("a command in a container is refused, and the container stays", async () => {
    await detach("d1", "sleep", "1000");
    const before = processIn(journal("d1"));
    const check = async () => assert.equal(await statusOf("d1"), "Up");
    assert.ok((await untilItSucceeds(check, "exec", "d1", "true")) >= 2);
    assert.equal(processIn(journal("d1")), before);
  });

  it("a container that has ended stays so, and is started again once there are", async () => {
    await detach("d1", "sleep", "1000");
    await rig.succeeds("stop", "-t", "0", "d1");
    const check = async () => assert.equal(await statusOf("d1"), "Exited (137)");
    assert.ok((await untilItSucceeds(check, "start", "d1")) >= 2);
    assert.equal(await statusOf("d1"), "Up");
  });

  it("the program says so, in place of Node.js, which would wait for ever before it begins", async () => {
    chmodSync(rig.program, 0o755);
    const script =
      'echo $$ >"$1/cgroup.procs"; while read -r _; do max=$((max + 1)); done <"$2"; echo $((max + $3)) >"$1/pids.max"; exec "$0" ps';
    const started = (more: number) => {
      const cgroup = newCgroup();
      /** A line for each thread that lives. */
      const threads = join(cgroup, IS_V1 ? "tasks" : "cgroup.threads");
      const env = { ...process.env, TINYDOCKER_ROOT: rig.root };
      return outcomeOf(spawn("sh", ["-c", script, rig.program, cgroup, threads, String(more)], { env }));
    };
    for (const more of [0, 5]) {
      const { code, stderr } = await started(more);
      assert.equal(code, 125);
      assert.match(
        stderr,
        /^tinydocker: there are too many processes: (\d+) of \d+ in the cgroup \/sys\/\S+, and Node\.js needs 6 more\n {2}.*pids\.max\n$/,
      );
    }
    assert.equal((await started(100)).code, 0);
  });
});
