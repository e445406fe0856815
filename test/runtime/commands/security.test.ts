import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { capabilityMask, DEFAULT_CAPABILITIES } from "../../../runtime/spec/security/capability.ts";
import { traces } from "../../rig/leaks.ts";
import { importBusybox, tinydocker } from "../../rig/tinydocker.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);
const clean = traces(rig.root, "c1");
const printed = async (script: string, ...options: string[]): Promise<string> => {
  const { code, stdout, stderr } = await rig.run(["run", "--image", "box", ...options, "c1", "sh", "-c", script]);
  assert.deepEqual([code, stderr], [0, ""]);
  return stdout.trimEnd();
};
const STATUS = "grep -E '^(CapBnd|CapEff|NoNewPrivs|Seccomp):' /proc/self/status";
const status = (bounding: bigint, effective: bigint, noNewPrivileges: number, seccomp: number) =>
  [
    `CapEff:\t${effective.toString(16).padStart(16, "0")}`,
    `CapBnd:\t${bounding.toString(16).padStart(16, "0")}`,
    `NoNewPrivs:\t${noNewPrivileges}`,
    `Seccomp:\t${seccomp}`,
  ].join("\n");
const DEFAULT = capabilityMask(DEFAULT_CAPABILITIES);

describe("tinydocker run", () => {
  it("gives docker's capabilities, no_new_privs and a filter by default", async () => {
    assert.equal(await printed(STATUS), status(DEFAULT, DEFAULT, 1, 2));
    assert.equal(await printed(STATUS, "-u", "1000"), status(DEFAULT, 0n, 1, 2));
  });

  it("adds and drops capabilities, in the bounding set too", async () => {
    const kept = capabilityMask(["CAP_CHOWN", "CAP_SYS_ADMIN"]);
    const options = ["--cap-drop", "ALL", "--cap-add", "chown", "--cap-add=CAP_SYS_ADMIN"];
    assert.equal(await printed(STATUS, ...options), status(kept, kept, 1, 2));
    assert.equal(await printed("mount -t tmpfs t /etc && echo mounted", ...options), "mounted");
    assert.equal(await printed(STATUS, ...options, "-u", "1000"), status(kept, 0n, 1, 2));
  });

  it("runs without a filter where that is asked for, and with the rules of a file", async () => {
    assert.equal(await printed(STATUS, "--security-opt", "seccomp=unconfined"), status(DEFAULT, DEFAULT, 1, 0));
    const file = join(rig.directory, "profile.json");
    writeFileSync(
      file,
      JSON.stringify({
        defaultAction: "SCMP_ACT_ALLOW",
        syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 95 }],
      }),
    );
    const script = `${STATUS}; mkdir /x 2>&1 || true`;
    const expected = `${status(DEFAULT, DEFAULT, 1, 2)}\nmkdir: can't create directory '/x': Operation not supported`;
    assert.equal(await printed(script, "--security-opt", `seccomp=${file}`), expected);
    const explained = await rig.run(["run", "--explain", "--security-opt", `seccomp=${file}`, "c1", "true"]);
    assert.match(explained.stderr, /seccomp\(SECCOMP_SET_MODE_FILTER.*\n.*seccomp=FILE/);
  });

  it("lets setuid programs work where that is asked for, with the filter still installed", async () => {
    const options = ["--security-opt", "no-new-privileges=false", "-u", "1000"];
    assert.equal(await printed(STATUS, ...options), status(DEFAULT, 0n, 0, 2));
    const setuid = ["run", "--security-opt", "no-new-privileges=false", "c1", "sh", "-c"];
    const script = "cp /usr/bin/id /tmp/id && chmod 4755 /tmp/id && setpriv --reuid 1000 --clear-groups /tmp/id -u";
    assert.equal((await rig.run([...setuid, script])).stdout, "0\n");
    assert.equal((await rig.run(["run", ...setuid.slice(3), script])).stdout, "1000\n");
  });

  it("masks no path of /proc and /sys where that is asked for", async () => {
    const script = "grep -cE ' /(proc|sys)/' /proc/self/mountinfo || true";
    assert.notEqual(await printed(script), "0");
    assert.equal(await printed("mount | grep -c ' /proc/' || true", "--security-opt", "systempaths=unconfined"), "0");
  });

  for (const [options, message] of [
    [["--cap-add", "SYS_ADMNI"], /--cap-add "SYS_ADMNI".*\n {2}did you mean CAP_SYS_ADMIN\?/],
    [["--cap-drop", "x"], /--cap-drop "x": there is no such capability/],
    [["--security-opt", "seccomp=/nosuch.json"], /can't read the seccomp profile \/nosuch.json: ENOENT/],
    [
      ["--security-opt", "seccomp=/dev/zero"],
      /can't read the seccomp profile \/dev\/zero: it has more than 1048576 bytes/,
    ],
    [["--security-opt", "seccomp=/"], /can't read the seccomp profile \/: EISDIR/],
    [["--security-opt", "seccomp=/etc/hostname"], /the seccomp profile \/etc\/hostname is not JSON/],
    [["--security-opt", "apparmor=x"], /tinydocker applies no AppArmor profile/],
    [["--security-opt", "nonewprivileges"], /there is no such option/],
  ] as const) {
    it(`refuses ${options.join(" ")} in one line with the remedy, before anything is made`, async () => {
      const { code, stdout, stderr } = await rig.run(["run", "--image", "box", ...options, "c1", "echo", "ran"]);
      assert.deepEqual([code, stdout], [125, ""]);
      assert.match(stderr, message);
      assert.deepEqual(traces(rig.root, "c1"), clean);
    });
  }
});
