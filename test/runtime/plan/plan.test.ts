import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { explainPlan, explainTimes } from "../../../runtime/explain/explain.ts";
import type { Image } from "../../../runtime/image/image.ts";
import { type Ground, planOf } from "../../../runtime/plan/plan.ts";
import { type ContainerSpec, type RunRequest, type Surroundings, specOf } from "../../../runtime/spec/spec.ts";
import type { User } from "../../../runtime/spec/user.ts";

const HOST: Image = { name: "host", layers: ["/"], host: true };
const BOX: Image = { name: "box", layers: ["/state/images/box,1:a\\b/rootfs"], host: false };
const ROOT: User = { uid: 0, gid: 0, additionalGids: [], home: "/root" };
const surroundings: Surroundings = {
  rootless: false,
  cgroup2: true,
  env: { TERM: "xterm-256color", B: "b" },
  cwd: "/src",
};
const ground: Ground = {
  upper: "/state/containers/hello1",
  work: "/state/work/hello1",
  memory: "/state/memory",
  stateRoot: "/state",
  rootless: false,
  upperInMemory: false,
  hostEntries: [],
};

const spec = (request: Partial<RunRequest> = {}, image = HOST, user = ROOT, around = surroundings): ContainerSpec =>
  specOf({ name: "hello1", args: ["/bin/sh"], ...request }, image, user, around);

/** Compares with a file that UPDATE_GOLDEN=1 rewrites. */
function golden(name: string, text: string): void {
  const path = join(import.meta.dirname, "golden", name);
  if (process.env["UPDATE_GOLDEN"] === "1" || !existsSync(path)) writeFileSync(path, text);
  assert.equal(text, readFileSync(path, "utf8"));
}

describe("a plan", () => {
  it("starts a shell on the machine's own root", () => {
    golden("host.en.txt", explainPlan(planOf(spec(), ground), "en"));
    golden("host.zh.txt", explainPlan(planOf(spec(), ground), "zh"));
  });

  it("holds everything that can be asked for", () => {
    const user: User = { uid: 1000, gid: 1001, additionalGids: [10, 70_000], home: "/home/ann" };
    const asked = spec(
      {
        args: ["ls", "-l", "a b"],
        env: ["A=1", "B", "C"],
        cwd: "/srv/app/",
        hostname: "web",
        volumes: ["/etc:/mnt/etc:ro", "/etc/passwd:/p"],
        readonly: true,
        terminal: true,
      },
      BOX,
      user,
    );
    golden("everything.txt", explainPlan(planOf(asked, { ...ground, upperInMemory: true }), "en"));
    golden("everything.json", `${JSON.stringify(asked, null, 2)}\n`);
  });

  it("builds the machine's root of parts without root", () => {
    const plan = planOf(spec({}, HOST, ROOT, { ...surroundings, rootless: true }), {
      ...ground,
      rootless: true,
      hostEntries: [
        { name: "bin", kind: "symlink", target: "usr/bin" },
        { name: "etc", kind: "overlay" },
        { name: "tmp", kind: "empty", mode: 0o1777 },
        { name: "usr", kind: "overlay" },
      ],
    });
    golden("rootless.txt", explainPlan(plan, "en"));
  });

  it("has the times of its steps told after the run", () => {
    const { steps } = planOf(spec(), ground);
    const outcomes = new Map([
      [0, { nanoseconds: 12_345n }],
      [1, { errno: 1 }],
      [4, { nanoseconds: 1_000_000n }],
    ]);
    golden("times.txt", explainTimes(steps, outcomes, "en"));
  });

  it("drops every capability for a user who is not root", () => {
    const { steps } = planOf(spec({}, BOX, { ...ROOT, uid: 5 }), ground);
    assert.deepEqual(steps.find(({ op }) => op === "CAPSET")?.numbers, [0n]);
  });
});
