import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { doCgroupStep } from "../../../../runtime/host/cgroup/cgroup.ts";
import { mountedHierarchies } from "../../../../runtime/host/cgroup/mounts.ts";
import { openShim } from "../../../../runtime/host/shim.ts";
import { deviceRules } from "../../../../runtime/spec/security/device-rules.ts";
import { needs, temporaryDirectory } from "../../../rig/host.ts";

const text = (file: string) => readFileSync(`/proc/self/${file}`, "utf8");
const mounted = mountedHierarchies(text("cgroup"), text("mountinfo"));
const directory = await temporaryDirectory({ after });
const shim = await openShim();
const notRoot = process.geteuid?.() === 0 ? undefined : "root";

describe("the rules for devices", () => {
  for (const version of [1, 2] as const) {
    it(`let a process of cgroup v${version} use those they name and no other, however its node was made`, (t) => {
      const place = mounted.find(
        (one) => one.version === version && (version === 2 || one.controllers.includes("devices")),
      );
      // The machines of the tests have one version or both.
      if (!needs(t, notRoot) || place?.mount === undefined) return;
      const cgroup = join(place.mount, `tinydocker-test.${process.pid}`);
      const [zero, log] = [join(directory, `zero${version}`), join(directory, `log${version}`)];
      execFileSync("mknod", [zero, "c", "1", "5"]);
      execFileSync("mknod", [log, "c", "1", "11"]);
      doCgroupStep(shim, { op: "CGROUP_MAKE", cgroup, shared: false, reason: "cgroupOwn" });
      t.after(() => rmdirSync(cgroup));
      const rules = deviceRules([{ path: "/dev/zero", major: 1, minor: 5 }], false);
      doCgroupStep(shim, { op: "CGROUP_DEVICES", cgroup, version, rules, reason: "cgroupDevices" });
      const script =
        'exec 3<"$2" && echo before; echo $$ >"$0/cgroup.procs"; exec 4<"$1" && echo zero; exec 5<"$2" && echo after';
      const { stdout, stderr } = spawnSync("bash", ["-c", script, cgroup, zero, log], { encoding: "utf8" });
      assert.equal(stdout, "before\nzero\n");
      assert.match(stderr, /Operation not permitted/);
    });
  }
});
