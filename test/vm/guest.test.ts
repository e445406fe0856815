import assert from "node:assert/strict";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { needs, type Scope } from "../rig/host.ts";
import { configure, devtoolArgv, type Ended, projectCopy, type Running, run, start } from "../rig/project.ts";
import { startVm, type Vm, vmLacks } from "../rig/vm/vm.ts";

// One guest for the whole file, prepared by its first tests: the later ones continue from there.
const lacks = vmLacks();
let vm: Vm;
let project: string;
let config: object;
const undo: (() => Promise<void>)[] = [];
const file: Scope = { after: (cleanup) => void undo.push(cleanup) };

before(async () => {
  if (lacks !== undefined) return;
  vm = await startVm(file);
  const { configFile } = vm;
  config = {
    target: "guest",
    targets: {
      guest: { kind: "ssh", host: "guest", configFile },
      plain: { kind: "ssh", host: "guest-plain", configFile, sudo: false },
    },
  };
  project = await projectCopy(file, config);
});

after(async () => {
  for (const step of undo.reverse()) await step();
});

function inGuest(title: string, body: (test: TestContext) => Promise<void>): void {
  test(title, async (t) => {
    if (needs(t, lacks)) await body(t);
  });
}

function devtool(args: readonly string[], input = ""): Promise<Ended> {
  return run(devtoolArgv(args), { cwd: project, input });
}

/** Starts one that reads from us; it is ended after the test. */
function devtoolRunning(t: TestContext, args: readonly string[]): Running {
  const running = start(devtoolArgv(args), { cwd: project });
  t.after(async () => {
    running.child.kill("SIGKILL");
    await running.ended;
  });
  return running;
}

/** Runs a shell command in the guest itself, as root; not through devtool. */
async function guest(command: string): Promise<string> {
  const { code, stdout, stderr } = await run(
    ["ssh", "-F", vm.configFile, "guest", "sudo", "sh", "-c", quoted(command)],
    {
      cwd: project,
    },
  );
  assert.equal(code, 0, stderr);
  return stdout;
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

inGuest("on a target that was never prepared, devtool reports what is missing and how to install it", async () => {
  const { code, stdout, stderr } = await devtool(["run", "hello1", "/bin/true"]);
  assert.equal(code, 2, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, /has no rsync/);
  assert.match(stderr, /devtool provision/);
});

inGuest("devtool provision reports what is missing to a user without sudo", async () => {
  const { code, stdout, stderr } = await devtool(["provision", "--target", "plain"]);
  assert.notEqual(code, 0);
  assert.match(stdout + stderr, /must run as root to install what is missing: make rsync/);
});

inGuest("devtool provision installs what is missing, and a second time nothing", async () => {
  const first = await devtool(["provision"]);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, /installing make rsync/);
  const second = await devtool(["provision"]);
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stderr, /^provision: ready/m);
  assert.doesNotMatch(second.stderr, /installing/);
});

inGuest("devtool run prints the container's output and nothing else on stdout", async () => {
  const { code, stdout, stderr } = await devtool(["run", "hello1", "/bin/sh"], "echo $((6*7))\n");
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "42\n");
});

inGuest("devtool run exits with the container's exit code, and prints its stderr on stderr", async () => {
  const { code, stdout, stderr } = await devtool(["run", "hello1", "/bin/sh", "-c", "hostname; echo oops >&2; exit 7"]);
  assert.equal(code, 7);
  assert.equal(stdout, "hello1\n");
  assert.match(stderr, /^oops$/m);
});

inGuest(
  "on a terminal devtool run is an interactive shell: with its own tty, and Ctrl-C reaches what runs in it",
  async (t) => {
    const command = devtoolArgv(["run", "hello1", "/bin/sh"]).join(" ");
    const shell = start(
      ["script", "--quiet", "--return", "--flush", "--command", `stty rows 33 cols 99; ${command}`, "/dev/null"],
      {
        cwd: project,
      },
    );
    t.after(() => void shell.child.kill("SIGKILL"));
    shell.child.stdin.write("tty; stty size; echo rea''dy\n");
    const output = await shell.prints(/^ready\r/m);
    assert.match(output, /\/dev\/pts\/0\r/);
    assert.match(output, /33 99\r/);
    // Said by the command itself: a shell about to execute one catches Ctrl-C and forgets it.
    shell.child.stdin.write("tail -f /proc/version\n");
    await shell.prints(/^Linux version /m);
    shell.child.stdin.write("\x03");
    shell.child.stdin.write("echo status $?; exit 5\n");
    await shell.prints(/status 130\r/);
    assert.equal((await shell.ended).code, 5);
  },
);

inGuest("two containers of one image see nothing of each other, and the image is unchanged", async (t) => {
  const image = "/var/lib/tinydocker/images";
  await guest(
    "mkdir -p /tmp/root/bin && cp /bin/busybox /tmp/root/bin/ && for a in sh ls mkdir echo cat; do ln -s busybox /tmp/root/bin/$a; done",
  );
  const { mirror } = await synced();
  await guest(`cd ${mirror} && node .devtool/tinydocker.js image import hello /tmp/root`);
  const digest = `cd ${image} && tar --create --sort=name --xattrs --acls . | sha256sum`;
  const imageBefore = await guest(digest);
  t.after(() => configure(project, config));
  await configure(project, { ...config, run: ["node", ".devtool/tinydocker.js", "run", "--image", "hello"] });

  const one = devtoolRunning(t, ["run", "hello1", "/bin/sh"]);
  const two = devtoolRunning(t, ["run", "hello2", "/bin/sh"]);
  one.child.stdin.write("mkdir /test && echo in one > /test/file && echo made\n");
  await one.prints(/^made$/m);
  two.child.stdin.end("ls -d /test || echo none; ls /\n");
  const seen = await two.ended;
  assert.equal(seen.code, 0, seen.stderr);
  assert.match(seen.stdout, /^none$/m);
  one.child.stdin.end("cat /test/file\n");
  assert.match((await one.ended).stdout, /^in one$/m);

  assert.equal(await guest(digest), imageBefore);
  assert.equal(await guest("ls -d /test || true"), "");
});

/** Where devtool keeps the project in the guest. */
async function synced(): Promise<{ mirror: string }> {
  const { code, stdout, stderr } = await devtool(["sync", "--json"]);
  assert.equal(code, 0, stderr);
  const events = stdout
    .trim()
    .split("\n")
    .map((line): Record<string, unknown> => JSON.parse(line));
  const mirror = events.map((event) => event["mirror"]).find((value) => value !== undefined);
  assert.equal(typeof mirror, "string");
  return { mirror: String(mirror) };
}

inGuest(
  "on cgroup v2 nothing of a run stays behind in the guest: no mount, process, cgroup, link or file",
  async () => {
    const left = `cat /proc/mounts; find /sys/fs/cgroup -type d ! -path '*.slice/*'; ip -o link; ls /var/lib/tinydocker/containers; ls /run;
    ps -eo user,args | grep -v -e '^root *\\[' -e sshd: -e systemd -e 'ps -eo' -e grep -e sudo -e 'sh -c' | sort`;
    await devtool(["run", "hello1", "/bin/true"]);
    const earlier = await guest(left);
    const { code } = await devtool(["run", "hello1", "/bin/sh", "-c", "mkdir /test; (sleep 1000 &); exit 3"]);
    assert.equal(code, 3);
    assert.equal(await guest(left), earlier);
  },
);

inGuest("a user without root gets a container too", async () => {
  const { code, stdout, stderr } = await devtool([
    "run",
    "--target",
    "plain",
    "hello1",
    "/bin/sh",
    "-c",
    "id -u; hostname; touch /test && ls /test",
  ]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "0\nhello1\n/test\n");
  assert.equal(await guest("ls -d /test || true"), "");
});

inGuest("devtool watch runs the command again at a save, and reports a guest that lost its power", async (t) => {
  const watch = devtoolRunning(t, ["watch", "hello1", "/bin/sh", "-c", "uname -a; ls /"]);
  await watch.prints(/^Linux hello1 .*\n(.*\n)*var$/m);
  await appendFile(join(project, "runtime/cli.ts"), '\nprocess.env["SAVED"] = "yes";\n');
  await watch.prints(/^Linux hello1 .*\n(.*\n)*var\n(.*\n)*Linux hello1 .*\n(.*\n)*var$/m);
  await vm.stop();
  await watch.prints(/connection|lost|unreachable|refused/i, "stderr");
});
