import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it, type TestContext } from "node:test";
import { cgroupAt, type Place } from "../../../runtime/cgroup/place.ts";
import { Failure } from "../../../runtime/failure.ts";
import { mountedHierarchies } from "../../../runtime/host/cgroup/mounts.ts";
import { openShim } from "../../../runtime/host/shim.ts";
import { cgroupName } from "../../../runtime/resources/cgroup.ts";
import { undo } from "../../../runtime/resources/resource.ts";
import { needs, temporaryDirectory } from "../../rig/host.ts";

const root = await temporaryDirectory({ after });
const shim = await openShim();
const owner = { root, key: "c1", upper: "/nowhere/upper", work: "/nowhere/work", monitor: "/nowhere/monitor" };
const mounted = mountedHierarchies(
  readFileSync("/proc/self/cgroup", "utf8"),
  readFileSync("/proc/self/mountinfo", "utf8"),
);
const places: readonly Place[] = mounted.flatMap(({ version, mount }) =>
  mount === undefined ? [] : [{ version, directory: mount }],
);
const lacks = process.geteuid?.() !== 0 ? "root" : places.length === 0 ? "cgroups that can be changed" : undefined;
const paths = places.map((place) => cgroupAt(place, cgroupName(owner)));
const undoAll = () => undo(shim, owner, { kind: "cgroups", places }, "any boot");

function make(): void {
  for (const path of paths) mkdirSync(path, { recursive: true });
}

/** A process in the cgroups that take one; a new one of cpuset has no processors. */
function member(t: TestContext, cgroups: readonly string[]) {
  const child = spawn("sleep", ["1000"], { stdio: "ignore" });
  t.after(() => child.kill("SIGKILL"));
  for (const path of cgroups.filter((one) => !one.includes("cpuset")))
    writeFileSync(join(path, "cgroup.procs"), String(child.pid));
  return once(child, "exit");
}

describe("undoing cgroups", () => {
  const inRoot = (title: string, body: (t: TestContext) => Promise<void>) =>
    it(title, async (t) => {
      if (needs(t, lacks)) await body(t);
    });

  inRoot("removes them, and can be repeated", async () => {
    make();
    await undoAll();
    assert.deepEqual(paths.filter(existsSync), []);
    await undoAll();
  });

  inRoot("ends what is in them", async (t) => {
    make();
    const ended = member(t, paths);
    await undoAll();
    assert.deepEqual(await ended, [null, "SIGKILL"]);
    assert.deepEqual(paths.filter(existsSync), []);
  });

  inRoot("ends also what is frozen, and in cgroups that it made below its own", async (t) => {
    make();
    const below = paths.map((path) => join(path, "a/b"));
    for (const path of below) mkdirSync(path, { recursive: true });
    const ended = member(t, below);
    for (const path of below) {
      const [file, value] = existsSync(join(path, "freezer.state"))
        ? ["freezer.state", "FROZEN"]
        : ["cgroup.freeze", "1"];
      if (existsSync(join(path, file))) writeFileSync(join(path, file), value);
    }
    await undoAll();
    assert.deepEqual(await ended, [null, "SIGKILL"]);
    assert.deepEqual(paths.filter(existsSync), []);
  });

  inRoot("removes cgroups made deeper than a path can be", async () => {
    make();
    const script = `cd "$1" && for i in $(seq 40); do mkdir "$2" && cd -P "$2" || exit 1; done`;
    execFileSync("bash", ["-c", script, "deep", paths[0] ?? "", "x".repeat(200)]);
    await undoAll();
    assert.deepEqual(paths.filter(existsSync), []);
  });

  inRoot("leaves those of a container of the same name in another state directory", async (t) => {
    const other = { ...owner, root: await temporaryDirectory({ after: (cleanup) => t.after(cleanup) }) };
    make();
    await undo(shim, other, { kind: "cgroups", places }, "any boot");
    assert.deepEqual(paths.filter(existsSync), paths);
    await undoAll();
  });

  inRoot("fails with the path, the reason and what to do", async () => {
    const path = cgroupAt({ version: 1, directory: root }, cgroupName(owner));
    mkdirSync(join(path, "not-a-cgroup"), { recursive: true });
    await assert.rejects(
      undo(shim, owner, { kind: "cgroups", places: [{ version: 1, directory: root }] }, ""),
      (error) => {
        assert.ok(error instanceof Failure);
        assert.equal(error.message, `can't remove the cgroup ${path}: ENOTEMPTY, directory not empty`);
        assert.equal(error.remedy, `remove it by hand: rmdir ${path}`);
        return true;
      },
    );
  });
});
