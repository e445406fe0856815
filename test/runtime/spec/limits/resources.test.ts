import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseRun } from "../../../../runtime/commands/run/run-arguments.ts";
import { Failure } from "../../../../runtime/failure.ts";
import { listMembers } from "../../../../runtime/spec/limits/cpu-list.ts";
import { checkInit, oomScoreOf, type Resources, resourcesOf } from "../../../../runtime/spec/limits/resources.ts";
import { type Rlimit, ulimitsOf } from "../../../../runtime/spec/limits/ulimits.ts";
import fc from "../../../rig/fast-check.ts";

const MB = 1 << 20;

/** What `run` makes of these options. */
function limits(...options: readonly string[]): Omit<Resources, "devices"> {
  return resourcesOf(parseRun([...options, "c1", "true"]).request.limits ?? {});
}

describe("limits, as docker's options write them", () => {
  const cases: readonly (readonly [string, Resources["memory"] | Resources["cpu"] | Resources["pids"]])[] = [
    ["", {}],
    ["-m 256m", { limit: 256 * MB, swap: 512 * MB }],
    ["-m6291456", { limit: 6 * MB, swap: 12 * MB }],
    ["--memory 1.5GiB --memory-swap 2g", { limit: 1536 * MB, swap: 2048 * MB }],
    ["-m 64M --memory-swap 64m", { limit: 64 * MB, swap: 64 * MB }],
    ["-m 64m --memory-swap -1 --memory-reservation 32m", { limit: 64 * MB, swap: -1, reservation: 32 * MB }],
    ["--memory-reservation 32m", { reservation: 32 * MB }],
    ["--cpus 0.5", { period: 100_000, quota: 50_000 }],
    ["--cpus .01", { period: 100_000, quota: 1000 }],
    ["--cpus 2", { period: 100_000, quota: 200_000 }],
    ["--cpu-period 50000 --cpu-quota 25000", { period: 50_000, quota: 25_000 }],
    ["--cpu-quota 25000", { period: 100_000, quota: 25_000 }],
    ["-c 512 --cpuset-cpus 0-1,3 --cpuset-mems 0", { shares: 512, cpus: "0-1,3", mems: "0" }],
    ["--pids-limit 100", { limit: 100 }],
    ["--pids-limit -1", {}],
    ["-m 0 --memory-reservation 0 --cpus 0 --cpu-shares 0 --pids-limit 0", {}],
    ["--cpu-period 0 --cpu-quota -1", {}],
    ["-m 64m --memory-swap 0", { limit: 64 << 20, swap: 128 << 20 }],
  ];
  for (const [options, expected] of cases) {
    it(options || "none", () => {
      const { memory, cpu, pids } = limits(...options.split(" ").filter(Boolean));
      assert.deepEqual({ ...memory, ...cpu, ...pids }, expected);
    });
  }
});

describe("limits that are refused, with what to do", () => {
  const cases = [
    ...["4096", "5m", "6291455", "-1", "m", "64q", "64mm", "64 m b", "1e9", "0x1000000", "9999999p", ""].map(
      (memory) => ["-m", memory],
    ),
    ["--memory-swap", "64m"],
    ["--memory-swap", "-1"],
    ["-m", "64m", "--memory-swap", "32m"],
    ["-m", "64m", "--memory-swap", "-2"],
    ["-m", "64m", "--memory-reservation", "65m"],
    ["--memory-reservation", "1m"],
    ...["-1", "0.001", "0.009", "1e-3", "two", "", ".", "Infinity", "NaN", "99999999999999"].map((cpus) => [
      "--cpus",
      cpus,
    ]),
    ["--cpus", "1", "--cpu-quota", "1000"],
    ["--cpus", "1", "--cpu-period", "1000"],
    ["--cpu-period", "50000"],
    ["--cpu-quota", "999"],
    ["--cpu-quota", "-2"],
    ["--cpu-period", "999", "--cpu-quota", "5000"],
    ["--cpu-period", "1000001", "--cpu-quota", "5000"],
    ...["1", "262145", "-5", "1.5", "many"].map((shares) => ["--cpu-shares", shares]),
    ...["a", "1-", "-1", "3-1", "0,,1", "0 1", "100000", "0\n"].map((cpus) => ["--cpuset-cpus", cpus]),
    ["--cpuset-mems", "x"],
    ...["-2", "1.5", "4194305", "", "max"].map((pids) => ["--pids-limit", pids]),
  ];
  for (const options of cases) {
    it(options.map((option) => JSON.stringify(option)).join(" "), () => {
      assert.throws(
        () => limits(...options),
        (error) =>
          error instanceof Failure && error.code === "usage" && error.exitCode === 125 && error.remedy !== undefined,
      );
    });
  }
});

it("a list of processors has the members that its ranges name", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(300), { minLength: 1 }), (members) => {
      const ascending = members.toSorted((one, other) => one - other);
      assert.deepEqual(listMembers(members.join(",")), ascending);
      const [first = 0, last = first] = [ascending[0], ascending.at(-1)];
      const all = Array.from({ length: last - first + 1 }, (_, i) => first + i);
      assert.deepEqual(listMembers(`${first}-${last},${members.join(",")}`), all);
    }),
  );
});

describe("rates of disks", () => {
  const devices = new Map([
    ["/dev/sda", { major: 8, minor: 0 }],
    ["/dev/disk/by:id", { major: 8, minor: 0 }],
  ]);

  it("are bytes or operations in a second", () => {
    const request = {
      deviceReadBps: ["/dev/sda:1m"],
      deviceWriteBps: ["/dev/disk/by:id:512"],
      deviceWriteIops: ["/dev/sda:7"],
    };
    assert.deepEqual(resourcesOf(request, devices).blockIO, {
      throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1 << 20 }],
      throttleWriteBpsDevice: [{ major: 8, minor: 0, rate: 512 }],
      throttleReadIOPSDevice: [],
      throttleWriteIOPSDevice: [{ major: 8, minor: 0, rate: 7 }],
    });
  });

  for (const request of [
    ...["/dev/sda", "/dev/sda:", "/dev/sda:0", "/dev/sda:-1", "/dev/sda:x", "sda:1m", ":1m", ""].map((text) => ({
      deviceReadBps: [text],
    })),
    ...["/dev/sda:1m", "/dev/sda:4294967296", "/dev/sda:1.5"].map((text) => ({ deviceReadIops: [text] })),
    { deviceWriteBps: ["/dev/sda:1m", "/dev/disk/by:id:2m"] },
  ]) {
    it(`are refused: ${JSON.stringify(request)}`, () => {
      assert.throws(() => resourcesOf(request, devices), { name: "Failure", code: "usage" });
    });
  }
});

describe("limits of processes", () => {
  const usual: readonly Rlimit[] = [{ type: "RLIMIT_NOFILE", soft: 1024 }];

  for (const [texts, expected] of [
    [[], usual],
    [["nofile=5"], [{ type: "RLIMIT_NOFILE", soft: 5, hard: 5 }]],
    [["nproc=1:2"], [...usual, { type: "RLIMIT_NPROC", soft: 1, hard: 2 }]],
    [
      ["core=0", "core=-1", "core=1:unlimited"],
      [...usual, { type: "RLIMIT_CORE", soft: 1, hard: -1 }],
    ],
  ] as const) {
    it(texts.join(" ") || "none", () => assert.deepEqual(ulimitsOf(texts, usual), expected));
  }

  for (const text of [
    "nofile",
    "nofile=",
    "nofile=a",
    "nofile=2:1",
    "nofile=-1:1",
    "nofile=1:2:3",
    "nosuch=1",
    "NOFILE=1",
    "nofile=-2",
    "as=1",
    "",
  ]) {
    it(`${JSON.stringify(text)} is refused`, () => {
      assert.throws(() => ulimitsOf([text], usual), { name: "Failure", code: "usage" });
    });
  }
});

describe("an OOM score", () => {
  for (const [text, oomScoreAdj] of [
    ["0", 0],
    ["-1000", -1000],
    ["1000", 1000],
  ] as const) {
    it(text, () => assert.deepEqual(oomScoreOf({ oomScoreAdj: text }), { oomScoreAdj }));
  }
  for (const text of ["", "1001", "-1001", "1.5", "high"]) {
    it(`${JSON.stringify(text)} is refused`, () => {
      assert.throws(() => oomScoreOf({ oomScoreAdj: text }), { name: "Failure", code: "usage" });
    });
  }
});

describe("--init, a process of its own,", () => {
  const nothing: Resources["pids"] = {};
  const files = (soft: number): Rlimit[] => [{ type: "RLIMIT_NOFILE", soft }];
  it("can be used where there is room for that and the command", () => {
    checkInit({ pids: { limit: 2 } }, files(1));
    checkInit({ pids: nothing }, []);
  });

  it("is refused with a limit that leaves none", () => {
    const code = { name: "Failure", code: "usage" };
    assert.throws(() => checkInit({ pids: { limit: 1 } }, files(1)), {
      ...code,
      message: /^--pids-limit 1 can't be used/,
    });
    assert.throws(() => checkInit({ pids: nothing }, files(0)), {
      ...code,
      message: /^--ulimit nofile=0 can't be used/,
    });
  });
});
