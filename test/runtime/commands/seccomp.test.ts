import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { CLONE } from "../../../runtime/linux.ts";
import { systemCalls } from "../../../runtime/seccomp/system-calls.ts";
import { needs } from "../../rig/host.ts";
import { traces } from "../../rig/leaks.ts";
import { importBusybox, tinydocker } from "../../rig/tinydocker.ts";

const { EPERM, ENOSYS, EAFNOSUPPORT } = constants.errno;
const UID = 54_322;

const rig = await tinydocker({ after });
await importBusybox(rig);
const probe = join(rig.directory, "probe");
execFileSync("gcc", [
  "-static",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-D_GNU_SOURCE",
  "-o",
  probe,
  "test/rig/system-calls.c",
]);
const clean = traces(rig.root, "c1");
const home = join(rig.directory, "home");
mkdirSync(home);
chownSync(home, UID, UID);

const numbers = systemCalls(process.arch === "arm64" ? "aarch64" : "x86_64");
const I386 = systemCalls("i386");
/** `socket,40,1` → the number and the arguments. */
const numbered = (call: string) => call.replace(/^\w+/, (name) => String(numbers.get(name) ?? name));

/** The errno of each call, made in a container. */
async function made(calls: readonly string[], ...options: string[]): Promise<number[]> {
  const mount = ["-v", `${probe}:/probe:ro`, "--image", "box"];
  const { code, stdout, stderr } = await rig.run(["run", ...mount, ...options, "c1", "/probe", ...calls.map(numbered)]);
  assert.deepEqual([code, stderr], [0, ""]);
  return stdout.trim().split("\n").map(Number);
}

/** The same in a container of a user who is not root, on the machine's own root. */
async function madeWithoutRoot(calls: readonly string[]): Promise<number[]> {
  const prefix = ["setpriv", "--reuid", String(UID), "--regid", String(UID), "--clear-groups", "--"];
  const env = { HOME: home, TINYDOCKER_ROOT: "", XDG_DATA_HOME: "" };
  chmodSync(probe, 0o755);
  const args = ["run", "-v", `${probe}:/probe:ro`, "c1", "/probe", ...calls.map(numbered)];
  const { code, stdout, stderr } = await rig.run(args, { prefix, env });
  assert.deepEqual([code, stderr], [0, ""]);
  return stdout.trim().split("\n").map(Number);
}

const THREADS =
  "import threading, subprocess; t = threading.Thread(target=lambda: subprocess.run(['echo', 'ran'])); t.start(); t.join()";
const WORKERS = "new (require('worker_threads').Worker)(`console.log('ran')`, { eval: true })";

const NAMESPACES = [
  `unshare,${CLONE.CLONE_NEWUSER}`,
  `unshare,${CLONE.CLONE_NEWNS}`,
  `unshare,${CLONE.CLONE_NEWTIME}`,
  `clone,${CLONE.CLONE_NEWUSER | 17}`,
  `clone,${BigInt.asUintN(64, (1n << 63n) | BigInt(CLONE.CLONE_NEWNET | 17))}`,
  "setns,0,0",
  "clone3,0,0",
];
const REFUSED_NAMESPACES = [EPERM, EPERM, EPERM, EPERM, EPERM, EPERM, ENOSYS];

const KERNEL_SURFACE = [
  "io_uring_setup,1,0",
  "io_uring_enter,0,0,0,0,0,0",
  "userfaultfd,1",
  "perf_event_open,0,0,0xffffffff,0xffffffff,0",
  "bpf,0,0,0",
  "kexec_load,0,0,0,0",
  "open_by_handle_at,0,0,0",
  "mount,0,0,0,0,0",
  "pivot_root,0,0",
];

describe("a process in a container", () => {
  it("of any user makes no namespace, so it reaches no cgroup file system and no nf_tables", async () => {
    assert.deepEqual(await made(NAMESPACES), REFUSED_NAMESPACES);
    assert.deepEqual(await made(NAMESPACES, "-u", "1000:1000"), REFUSED_NAMESPACES);
    assert.deepEqual(await madeWithoutRoot(NAMESPACES), REFUSED_NAMESPACES);
  });

  it("can't call what attacks on the kernel begin with", async () => {
    const refused = KERNEL_SURFACE.map(() => EPERM);
    assert.deepEqual(await made(KERNEL_SURFACE), refused);
    assert.deepEqual(await madeWithoutRoot(KERNEL_SURFACE), refused);
  });

  it("reaches no keyring, neither root's user keyring (@u) nor its session's", async () => {
    const [KEYCTL_GET_KEYRING_ID, KEYCTL_DESCRIBE] = [0, 6];
    const keyrings = [-1, -3, -4, -5].flatMap((id) => {
      const keyring = BigInt.asUintN(64, BigInt(id));
      return [`keyctl,${KEYCTL_GET_KEYRING_ID},${keyring},0`, `keyctl,${KEYCTL_DESCRIBE},${keyring},0,0`];
    });
    const calls = [...keyrings, "add_key,0,0,0,0,0", "request_key,0,0,0,0"];
    assert.deepEqual(
      await made(calls),
      calls.map(() => EPERM),
    );
  });

  it("makes sockets of every family but AF_VSOCK and AF_ALG, also where the upper half of the register is not 0", async () => {
    const families = [1, 2, 10, 16, 17];
    assert.deepEqual(
      await made(families.map((family) => `socket,${family},${family === 17 ? 3 : 2},0`)),
      families.map(() => 0),
    );
    const refused = [38, 40, 38n + (1n << 32n), 40n + (1n << 32n), 40n + (1n << 63n)];
    assert.deepEqual(
      await made(refused.map((family) => `socket,${family},1,0`)),
      refused.map(() => EPERM),
    );
    assert.deepEqual(await made(["socket,45,1,0", "socket,60,1,0"]), [EAFNOSUPPORT, EAFNOSUPPORT]);
  });

  it("is told of a newer call what an older kernel would tell it", async () => {
    assert.deepEqual(await made(["467,0", "9999,0", "0x40000027,0", "getpid"]), [ENOSYS, ENOSYS, ENOSYS, 0]);
  });

  it("can make calls of 32-bit x86 by the same rules, unless a profile is for 64 bits alone", async (context) => {
    if (!needs(context, process.arch === "x64" ? undefined : "an x86_64 machine")) return;
    const profile = join(rig.directory, "64-bits.json");
    writeFileSync(profile, JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"] }));
    const run = (...options: string[]) =>
      rig.run([
        ...["run", ...options, "-v", `${probe}:/probe:ro`, "--image", "box", "c1", "/probe"],
        ...[numbered("getpid"), ...["getpid", "keyctl", "clone3"].map((name) => `compat,${I386.get(name)}`)],
      ]);
    const { code: allowed, stdout: results } = await run();
    // A virtual machine's kernel may take none.
    if (spawnSync(probe, [`compat,${I386.get("getpid")}`]).signal === "SIGSEGV") {
      assert.deepEqual([allowed, results], [128 + constants.signals.SIGSEGV, "0\n"]);
      return;
    }
    assert.deepEqual(results.trim().split("\n").map(Number), [0, 0, EPERM, ENOSYS]);
    const { code, stdout, stderr } = await run("--security-opt", `seccomp=${profile}`);
    assert.deepEqual([code, stdout], [128 + constants.signals.SIGSYS, "0\n"]);
    assert.match(stderr, /programs of 32 bits.*\n.*seccomp=unconfined/);
  });

  for (const [what, command] of [
    ["python with threads and processes", ["python3", "-c", THREADS]],
    ["node with workers", [process.execPath, "-e", WORKERS]],
    ["strace", ["strace", "-f", "-o", "/dev/null", "sh", "-c", "echo ran"]],
    ["apt", ["sh", "-c", "apt-get check >/dev/null && echo ran"]],
    ["npm", ["sh", "-c", "npm --version >/dev/null && echo ran"]],
  ] as const) {
    it(`runs ${what}`, async (context) => {
      const missing = await rig.run(["run", "c1", "sh", "-c", 'command -v "$0"', command[0]]);
      if (!needs(context, missing.code === 0 ? undefined : command[0])) return;
      assert.deepEqual(await rig.run(["run", "-e", "PATH", "c1", ...command]), {
        code: 0,
        signal: null,
        stdout: "ran\n",
        stderr: "",
      });
    });
  }

  it("that is tinydocker says what the outer container must allow it", async () => {
    const nested = ["run", "--cap-add", "SYS_ADMIN", "-v", `${rig.directory}:/rig`, "-e", "TINYDOCKER_NETWORK", "c1"];
    const inner = [process.execPath, "/rig/dist/tinydocker.cjs", "run", "--network", "none", "c2", "echo", "ran"];
    const { code, stdout, stderr } = await rig.run([...nested, "env", "TINYDOCKER_ROOT=/tmp/state", ...inner]);
    assert.deepEqual([code, stdout], [125, ""]);
    assert.match(stderr, /EPERM.*\n {2}.*--security-opt seccomp=unconfined/);
  });

  it("is not started where the kernel takes no filter: nothing runs without one, and nothing is left", async () => {
    for (const errno of ["ENOSYS", "EINVAL"]) {
      const strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", `inject=seccomp:error=${errno}`];
      const { code, stdout, stderr } = await rig.run(["run", "--image", "box", "c1", "echo", "ran"], {
        prefix: strace,
      });
      assert.deepEqual([code, stdout], [125, ""]);
      assert.match(stderr, /seccomp\(SECCOMP_SET_MODE_FILTER.*\n.*seccomp=unconfined/);
    }
    assert.deepEqual(traces(rig.root, "c1"), clean);
  });
});
