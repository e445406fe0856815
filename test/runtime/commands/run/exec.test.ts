import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { after, describe, it } from "node:test";
import { childNamed, guardOf, textOf } from "../../../rig/children.ts";
import { traces } from "../../../rig/leaks.ts";
import { gone, kill } from "../../../rig/processes.ts";
import { importBusybox, outcomeOf, type TinydockerOptions, tinydocker } from "../../../rig/tinydocker.ts";
import { killedAt } from "../../killed-at.ts";
import { stoppedAt } from "../../stopped-at.ts";
import { terminals } from "../terminals.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);
const session = terminals(rig, { after });
const exec = (words: readonly string[], options: TinydockerOptions = {}) => rig.run(["exec", ...words], options);

/** A container whose command is a shell, which does what it is asked. */
async function shell(name: string, ...options: string[]) {
  const child = rig.spawn(["run", "--image", "box", "--network", "none", ...options, name, "sh"]);
  // It would keep a failed test from ending.
  after(() => void child.kill("SIGKILL"));
  const ended = once(child, "close");
  const ask = async (script: string) => {
    let answer = "";
    const collect = (chunk: Buffer) => {
      answer += chunk;
    };
    child.stdout?.on("data", collect);
    child.stdin?.write(`${script}\necho answered\n`);
    while (!answer.endsWith("answered\n")) await once(child.stdout as NodeJS.ReadableStream, "data");
    child.stdout?.off("data", collect);
    return answer.slice(0, -"answered\n".length);
  };
  await ask("true");
  const end = () => {
    child.stdin?.end();
    return ended;
  };
  return { child, ask, end };
}

const web = await shell("web", "-e", "GIVEN=1", "-w", "/etc", "-m", "64m");

describe("tinydocker exec", () => {
  it("runs a command among the container's processes, with its files, limits, rights, variables and directory", async () => {
    const facts = (pid: string) =>
      `for n in /proc/${pid}/ns/*; do readlink $n; done; cat /proc/${pid}/cgroup; grep -E 'Cap|NoNew|Seccomp:' /proc/${pid}/status`;
    const script = `pwd; echo $GIVEN $HOME; ${facts("$$")}`;
    const { code, stdout, stderr } = await exec(["web", "sh", "-c", script]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.equal(stdout, `/etc\n1 /root\n${await web.ask(facts("1"))}`);
  });

  it("takes the user by the container's own files, and variables and a directory of its own", async () => {
    await web.ask("echo eve:x:77:78::/home/eve: >> /etc/passwd; echo staff:x:5:eve >> /etc/group");
    const words = ["-u", "eve", "-w", "/bin", "-e", "A=2", "-e", "B", "web"];
    const script = "id -u; id -G; pwd; echo $HOME $A $B";
    const { stdout } = await exec([...words, "sh", "-c", script], { env: { B: "3" } });
    assert.equal(stdout, "77\n78 5\n/bin\n/home/eve 2 3\n");
    const { code, stderr } = await exec(["-u", "nosuch", "web", "true"]);
    assert.deepEqual([code, /has no user nosuch/.test(stderr)], [125, true]);
  });

  it("--privileged gives all capabilities and leaves the filter", async () => {
    const { stdout } = await exec(["--privileged", "web", "grep", "-E", "CapEff|Seccomp:", "/proc/self/status"]);
    const own = textOf("/proc/self/status").match(/^CapBnd:\t(\w+)$/m)?.[1];
    assert.equal(stdout, `CapEff:\t${own}\nSeccomp:\t2\n`);
  });

  it("returns the command's exit code, or docker's for what it can't run", async () => {
    for (const [code, words, message] of [
      [3, ["web", "sh", "-c", "exit 3"], /^$/],
      [143, ["web", "sh", "-c", "kill $$"], /^$/],
      [127, ["web", "nosuch"], /there is no command nosuch in the PATH of the container web/],
      [126, ["web", "/etc/passwd"], /can't run \/etc\/passwd: EACCES, permission denied/],
      [126, ["-w", "/nosuch", "web", "true"], /directory \/nosuch: ENOENT.*\n {2}make it in the container first.*-w/],
      [126, ["-w", "/etc/passwd", "web", "true"], /\/etc\/passwd: ENOTDIR.*\n {2}a part of that path is a file.*-w/],
      [125, ["nosuch", "true"], /there is no container nosuch/],
      [125, ["web"], /there is no command to run\n {2}tinydocker exec \[OPTION…\] NAME CMD/],
      [125, ["--nosuch", "web", "true"], /unknown option '--nosuch'/],
    ] as const) {
      const outcome = await exec(words);
      assert.equal(outcome.code, code, outcome.stderr);
      assert.match(outcome.stderr, message);
    }
  });

  it("says of what is no program that the kernel knows what may be missing in it", async () => {
    await exec(["web", "sh", "-c", "echo true >/bare; chmod 755 /bare"]);
    const { code, stderr } = await exec(["web", "/bare"]);
    assert.equal(code, 126);
    assert.match(stderr, /can't run \/bare: ENOEXEC, exec format error\n {2}.*does not begin with #!/);
  });

  it("begins in a working directory that its user may not enter, as with docker, and as run does", async () => {
    await exec(["web", "sh", "-c", "mkdir /private; chmod 700 /private; chown 5:5 /private"]);
    const cwd = ["readlink", "/proc/self/cwd"];
    for (const user of ["5", "6"])
      assert.equal((await exec(["-u", user, "-w", "/private", "web", ...cwd])).stdout, "/private\n");
    assert.equal(
      (await rig.run(["run", "--image", "box", "-u", "6", "--tmpfs", "/t:mode=700", "-w", "/t", "c1", ...cwd])).stdout,
      "/t\n",
    );
  });

  it("passes input, output, signals and the terminal's size", async () => {
    assert.equal((await exec(["-i", "web", "cat"], { input: "typed" })).stdout, "typed");
    const child = rig.spawn(["exec", "web", "sh", "-c", "trap 'echo got; exit 9' USR1; echo up; while :; do :; done"]);
    const outcome = outcomeOf(child);
    await once(child.stdout as NodeJS.ReadableStream, "data");
    child.kill("SIGUSR1");
    assert.deepEqual((await outcome).code, 9);
    const resized = "tty; stty size; echo T=$TERM; trap 'stty size; exit 4' WINCH; echo ready; read line";
    const terminal = session(["exec", "-it", "web", "sh", "-c", resized]);
    for (const text of ["/dev/pts/0", "24 80", "T=vt100", "ready"]) await terminal.shows(text);
    terminal.child.kill("SIGUSR1");
    await terminal.shows("50 132");
    assert.equal((await terminal.ended).code, 4);
    const typed = session(["exec", "-it", "web", "busybox", "tail", "-f", "/proc/version"]);
    await typed.shows("Linux version");
    typed.type("\x03");
    assert.equal((await typed.ended).code, 130);
  });

  it("ends with its command, whatever that leaves behind at its terminal, silent or not, after its last words", async () => {
    for (const [left, code] of [
      ["sleep 1000", 3],
      ["while :; do sleep 0.3; echo x; done", 4],
      ["while :; do echo x; done", 5],
    ] as const) {
      const script = `set -m; (${left}) & printf '%s' $! >/left; echo last words; exit ${code}`;
      const { ended } = session(["exec", "-it", "web", "sh", "-c", script]);
      const outcome = await ended;
      assert.equal(outcome.code, code, left);
      assert.match(outcome.stdout, /last words/);
      const killed = await exec(["web", "sh", "-c", "kill -0 $(cat /left) && kill -9 $(cat /left)"]);
      assert.deepEqual([killed.code, killed.stderr], [0, ""]);
    }
  });

  it("-d leaves the command running, and returns", async () => {
    assert.deepEqual(await exec(["-d", "web", "tail", "-f", "/proc/version"]), {
      code: 0,
      signal: null,
      stdout: "",
      stderr: "",
    });
    assert.match(await web.ask("ps"), /tail -f \/proc\/version/);
    await web.ask("kill $(ps | grep [t]ail | while read pid rest; do echo $pid; done)");
    assert.equal((await exec(["-d", "web", "nosuch"])).code, 127);
  });

  it("refuses a container that is paused, has ended, or ends before the command runs", async () => {
    const box = await shell("paused");
    const pid = childNamed(box.child.pid ?? 0, "sh");
    const [, path = ""] = /:freezer:(.*)/.exec(textOf(`/proc/${pid}/cgroup`)) ?? [];
    const version1 = path !== "";
    const own = version1 ? path : (/^0::(.*)$/m.exec(textOf(`/proc/${pid}/cgroup`))?.[1] ?? "");
    const file = version1 ? `/sys/fs/cgroup/freezer${own}/freezer.state` : `/sys/fs/cgroup${own}/cgroup.freeze`;
    writeFileSync(file, version1 ? "FROZEN" : "1");
    const paused = await exec(["paused", "true"]);
    writeFileSync(file, version1 ? "THAWED" : "0");
    assert.deepEqual(paused, {
      code: 125,
      signal: null,
      stdout: "",
      stderr: "tinydocker: the container paused is paused\n  tinydocker unpause paused\n",
    });
    const late = await stoppedAt(rig, { call: "setns" }, ["exec", "paused", "true"]);
    // The end of its cgroup is the end of what has joined it.
    await box.end();
    const { code, stderr } = await late.outcome;
    assert.equal(code, 125);
    assert.match(stderr, /^tinydocker: the container paused ended before the command ran in it$/m);
    assert.match((await exec(["paused", "true"])).stderr, /there is no container paused/);
  });
});

describe("a process on its way into a container", () => {
  for (const call of ["keyctl", "seccomp"]) {
    it(`CVE-2016-9962, CVE-2024-21626: shows the container nothing of what it has open: at ${call}`, async () => {
      const { outcome, pid: init, goOn } = await stoppedAt(rig, { call }, ["exec", "web", "echo", "ran"]);
      const inside = textOf(`/proc/${init}/status`).match(/^NSpid:\t\d+\t(\d+)$/m)?.[1] ?? assert.fail("it is outside");
      const answer = await web.ask(
        `cd /proc/${inside}; for f in exe cwd root fd/*; do readlink $f && echo $f; done; cat environ maps mem 2>&1 | head -c 1; echo; cd /etc`,
      );
      // A message, not content.
      assert.match(answer, /^(c\n|\n)$/);
      const directories = readdirSync(`/proc/${init}/fd`)
        .map((fd) => readlinkSync(`/proc/${init}/fd/${fd}`))
        .filter((path) => path.startsWith("/") && !path.startsWith("/memfd:") && !path.startsWith("/dev/"));
      assert.deepEqual(directories, ["/"], "the container's root");
      goOn();
      assert.equal((await outcome).stdout, "ran\n");
    });
  }

  it("CVE-2024-21626: finds no working directory outside the container among its descriptors", async () => {
    for (const fd of [3, 4, 5, 8, 9, 10, 19, 20]) {
      const { code, stdout } = await exec(["-w", `/proc/self/fd/${fd}`, "web", "pwd"]);
      assert.ok(code === 126 || stdout === "/\n", `${fd}: ${code} ${stdout}`);
    }
  });

  it("CVE-2019-5736: can't be made to execute a program of the host", async () => {
    await web.ask("ln -s /proc/self/exe /bin/evil");
    const { code, stdout } = await exec(["web", "evil"]);
    assert.deepEqual([code === 0, stdout], [false, ""]);
    assert.equal((await exec(["web", "true"])).code, 0);
  });
});

describe("kill -9", () => {
  /** Not the processes' names: the container's guard may not have its own yet. */
  const kept = () => {
    const { processes, state } = traces(rig.root);
    return { processes: processes.length, state };
  };
  const before = kept();
  for (const [call, n] of [
    ["setns", 1],
    ["keyctl", 1],
    ["setsid", 1],
    ["capset", 1],
    ["seccomp", 1],
  ] as const) {
    it(`of the process at ${call} ${n} is reported, and leaves the container as it was`, async () => {
      const { code, stdout, stderr } = await exec(["web", "echo", "ran"], { prefix: killedAt(rig.directory, call, n) });
      assert.deepEqual([code, stdout], [125, ""]);
      assert.match(stderr, /the process that joins the container ended before it ran the command: killed by SIGKILL/);
      assert.deepEqual(kept(), before);
    });
  }

  it("of tinydocker ends the command, also where that has another user", async () => {
    for (const user of ["root", "ann"]) {
      const child = rig.spawn([
        "exec",
        "web",
        "busybox",
        "su",
        "-s",
        "/bin/sh",
        user,
        "-c",
        "exec tail -f /proc/version",
      ]);
      await once(child.stdout as NodeJS.ReadableStream, "data");
      const [tail, guard] = [childNamed(child.pid ?? 0, "tail"), guardOf(child.pid ?? 0)];
      kill(child.pid ?? 0);
      await gone(tail);
      await gone(guard);
    }
  });

  it("of the container ends the command, and nothing is left", async () => {
    const child = rig.spawn(["exec", "web", "sh", "-c", "echo up; exec cat"]);
    const ended = once(child, "exit");
    await once(child.stdout as NodeJS.ReadableStream, "data");
    await web.end();
    assert.deepEqual(await ended, [137, null]);
    assert.match((await exec(["web", "true"])).stderr, /there is no container web/);
  });
});
