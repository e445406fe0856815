import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { CgroupFacts, Hierarchy } from "../../../runtime/cgroup/hierarchy.ts";
import { cgroupSteps } from "../../../runtime/cgroup/plan.ts";
import { callOf } from "../../../runtime/explain/strace.ts";
import { Failure } from "../../../runtime/failure.ts";
import type { LimitRequest } from "../../../runtime/spec/limits/resources.ts";
import { specOf } from "../../../runtime/spec/spec.ts";
import { golden } from "../../rig/golden.ts";
import { ROOT } from "../spec/identities.ts";

const V1 = ["cpu", "cpuset", "memory", "pids"];
const UNIFIED: Hierarchy = { version: 2, controllers: V1, directory: "/sys/fs/cgroup" };
const OLD: readonly Hierarchy[] = [
  ...V1.map((controller): Hierarchy => {
    const directory = `/sys/fs/cgroup/${controller}`;
    const cpuset = controller === "cpuset" ? { cpuset: { cpus: "0-3", mems: "0" } } : {};
    return { version: 1, controllers: [controller], directory, ...cpuset };
  }),
  { version: 1, controllers: [], directory: "/sys/fs/cgroup/systemd" },
];
const HYBRID: readonly Hierarchy[] = [...OLD, { version: 2, controllers: [], directory: "/sys/fs/cgroup/unified" }];
const EVERYTHING: LimitRequest = { memory: "64m", cpus: "0.5", cpuShares: "512", cpusetCpus: "1", pidsLimit: "100" };

function steps(hierarchies: readonly Hierarchy[], limits: LimitRequest = {}, facts: Partial<CgroupFacts> = {}) {
  const user = { uid: 0, gid: 0, additionalGids: [], home: "/" };
  const image = { name: "host", layers: ["/"] };
  const spec = specOf({ name: "c1", args: ["true"], limits }, image, user, { ...ROOT, env: {}, cwd: "/" });
  return cgroupSteps(spec, {
    name: "c1.1f-2e",
    usesDevices: true,
    hierarchies,
    processors: "0-3",
    memoryNodes: "0",
    ...facts,
  });
}

function refusal(...asked: Parameters<typeof steps>): string {
  let message = "";
  assert.throws(
    () => steps(...asked),
    (error) => {
      assert.ok(error instanceof Failure && error.code === "limit-unavailable" && error.remedy !== undefined);
      message = error.message;
      return true;
    },
  );
  return message;
}

describe("a container's cgroups", () => {
  for (const [name, hierarchies] of [
    ["v1", OLD],
    ["hybrid", HYBRID],
    ["v2", [UNIFIED]],
  ] as const) {
    it(`are one in each hierarchy, limited before anything is in it: ${name}`, () => {
      const text = [{}, EVERYTHING].map((limits) =>
        steps(hierarchies, limits)
          .map((step) => `${callOf(step)}\n`)
          .join(""),
      );
      golden(join(import.meta.dirname, "golden", `${name}.txt`), text.join("\n"));
    });
  }

  it("may be denied to a user who may change none, but not if they are to limit something", () => {
    const excused = (limits: LimitRequest) =>
      steps([UNIFIED], limits).flatMap((step) => (step.op === "CGROUP_MAKE" ? [step.excusedBy] : []));
    assert.deepEqual(excused({}), ["EACCES", "EACCES"]);
    assert.deepEqual(excused({ pidsLimit: "5" }), [undefined, undefined]);
  });

  it("are none where this user may make none", () => {
    assert.deepEqual(steps([{ version: 2, controllers: [] }]), []);
  });

  it("are below a unit that systemd makes, where it manages the machine's", () => {
    const directory = "/sys/fs/cgroup/system.slice/tinydocker.service";
    const [first, ...others] = steps([{ ...UNIFIED, directory, toDelegate: true }], { memory: "64m" });
    assert.deepEqual([first?.op, first?.cgroup], ["CGROUP_DELEGATE", directory]);
    assert.equal(others.at(-1)?.cgroup, `${directory}/tinydocker/c1.1f-2e`);
  });

  it("need no controller to be switched on that is on already", () => {
    const enabled = { here: ["cpu", "pids"], ours: ["pids"] };
    const written = steps([{ ...UNIFIED, enabled }], { pidsLimit: "5", memory: "64m" }).filter(
      ({ reason }) => reason === "cgroupEnable",
    );
    assert.deepEqual(
      written.map((step) => step.op === "CGROUP_WRITE" && [step.cgroup, step.content]),
      [
        ["/sys/fs/cgroup", "+memory"],
        ["/sys/fs/cgroup/tinydocker", "+memory"],
      ],
    );
  });
});

describe("a limit that can't be applied is refused", () => {
  const cases: readonly (readonly [string, Parameters<typeof steps>, RegExp])[] = [
    ["its controller is not mounted", [HYBRID.slice(1), { cpus: "1" }], /controller cpu: it is not mounted here/],
    [
      "its hierarchy is mounted only to be read",
      [[...HYBRID.slice(1), { version: 1, controllers: ["cpu"], unmounted: true }], { cpus: "1" }],
      /controller cpu: it is not mounted here, or only to be read/,
    ],
    [
      "its controller is not delegated",
      [[{ ...UNIFIED, controllers: ["memory", "pids"] }], { cpus: "1" }],
      /controller cpu: \/sys\/fs\/cgroup\/cgroup.controllers does not list it/,
    ],
    [
      "this user may make no cgroup",
      [[{ version: 2, controllers: [] }], { memory: "64m" }],
      /controller memory: this user may make no cgroup/,
    ],
    ["there are fewer processors", [OLD, { cpus: "4.1" }], /4.1 processors: this machine has 4/],
    ["there are others", [OLD, { cpusetCpus: "1,4" }, { processors: "0-2,4" }], /^$/],
    ["there is no such processor", [OLD, { cpusetCpus: "1,7" }], /processor 7: this machine has 0-3/],
    ["there is no such memory node", [OLD, { cpusetMems: "1" }], /memory node 1: this machine has 0/],
  ];
  for (const [why, asked, message] of cases) {
    if (message.source === "^$") it(`not if ${why}`, () => void steps(...asked));
    else it(why, () => assert.match(refusal(...asked), message));
  }
});
