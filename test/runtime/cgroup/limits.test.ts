import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { limitsV1, limitsV2, weightOfShares } from "../../../runtime/cgroup/limits.ts";
import { resourcesOf } from "../../../runtime/spec/limits/resources.ts";
import fc from "../../rig/fast-check.ts";

const everything = resourcesOf({
  memory: "64m",
  memorySwap: "96m",
  memoryReservation: "32m",
  cpus: "0.5",
  cpuShares: "512",
  cpusetCpus: "0-1",
  cpusetMems: "0",
  pidsLimit: "100",
});
const files = (limits: ReturnType<typeof limitsV1>) => limits.map(({ file, content }) => `${file} ${content}`);

describe("limits as files", () => {
  it("of cgroup v1: swap is counted with memory, whose limit comes first", () => {
    assert.deepEqual(files(limitsV1(everything)), [
      "memory.limit_in_bytes 67108864",
      "memory.memsw.limit_in_bytes 100663296",
      "memory.soft_limit_in_bytes 33554432",
      "cpu.cfs_period_us 100000",
      "cpu.cfs_quota_us 50000",
      "cpu.shares 512",
      "cpuset.cpus 0-1",
      "cpuset.mems 0",
      "pids.max 100",
    ]);
  });

  it("of cgroup v2: swap is counted alone", () => {
    assert.deepEqual(files(limitsV2(everything)), [
      "memory.max 67108864",
      "memory.swap.max 33554432",
      "memory.low 33554432",
      "cpu.max 50000 100000",
      "cpu.weight 59",
      "cpuset.cpus 0-1",
      "cpuset.mems 0",
      "pids.max 100",
    ]);
  });

  it("are none where nothing is limited, and unlimited swap is said as such", () => {
    assert.deepEqual([...limitsV1(resourcesOf({})), ...limitsV2(resourcesOf({}))], []);
    const unlimited = resourcesOf({ memory: "64m", memorySwap: "-1" });
    assert.equal(limitsV1(unlimited)[1]?.content, "-1");
    assert.equal(limitsV2(unlimited)[1]?.content, "max");
  });

  it("of both versions are of the same controllers", () => {
    const controllers = (limits: ReturnType<typeof limitsV1>) => new Set(limits.map(({ controller }) => controller));
    assert.deepEqual(controllers(limitsV1(everything)), controllers(limitsV2(everything)));
  });
});

test("a weight keeps the ends, the middle and the order of shares", () => {
  assert.deepEqual([2, 1024, 262_144].map(weightOfShares), [1, 100, 10_000]);
  const shares = fc.integer({ min: 2, max: 262_144 });
  fc.assert(
    fc.property(shares, shares, (one, other) => {
      const [less, more] = [Math.min(one, other), Math.max(one, other)];
      assert.ok(weightOfShares(less) >= 1 && weightOfShares(more) <= 10_000);
      assert.ok(weightOfShares(less) <= weightOfShares(more));
    }),
  );
});
