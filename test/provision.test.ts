import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { needs, temporaryDirectory } from "./rig/host.ts";

const SCRIPT = join(import.meta.dirname, "../vagrant/provision.sh");

interface Ended {
  readonly code: number;
  readonly output: string;
}

function provision(env: Record<string, string>, command: readonly string[] = ["sh", SCRIPT]): Promise<Ended> {
  const [program = "sh", ...args] = command;
  return new Promise((resolve) => {
    const child = execFile(program, args, { env }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? 128, output: stdout + stderr });
    });
  });
}

/** A PATH with this machine's programs except `hidden`: a machine that lacks them. */
async function pathWithout(directory: string, ...hidden: readonly string[]): Promise<string> {
  const path = join(directory, "bin");
  await mkdir(path);
  for (const from of ["/usr/sbin", "/usr/bin"]) {
    for (const name of await readdir(from)) {
      if (hidden.includes(name)) continue;
      await symlink(join(from, name), join(path, name)).catch(() => undefined);
    }
  }
  return path;
}

function lacks(...programs: readonly string[]): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "root on Linux";
  const missing = programs.filter((program) => spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0);
  return missing.length > 0 ? missing.join(", ") : undefined;
}

/** Serves what nodejs.org/dist serves: one archive whose node says `version`, and its checksum. */
async function nodeMirror(
  test: TestContext,
  directory: string,
  version: string,
): Promise<{ url: string; sums: string }> {
  const arch = process.arch === "arm64" ? "arm64" : "x64";
  const name = `node-v22.9.9-linux-${arch}`;
  const program = join(directory, name, "bin/node");
  await mkdir(dirname(program), { recursive: true });
  await mkdir(join(directory, name, "lib/node_modules/npm"), { recursive: true });
  await writeFile(program, `#!/bin/sh\necho ${version}\n`);
  await chmod(program, 0o755);
  await writeFile(join(directory, name, "lib/node_modules/npm/package.json"), "{}");
  const archive = join(directory, `${name}.tar.xz`);
  assert.equal(spawnSync("tar", ["-cJf", archive, "-C", directory, name]).status, 0);
  const sums = join(directory, "SHASUMS256.txt");
  const digest = createHash("sha256")
    .update(await readFile(archive))
    .digest("hex");
  await writeFile(sums, `${"0".repeat(64)}  node-v22.9.9-darwin-${arch}.tar.xz\n${digest}  ${name}.tar.xz\n`);
  const server = createServer(async (request, response) => {
    const file = join(directory, (request.url ?? "").replace("/dist/latest-v22.x/", ""));
    const body = await readFile(file).catch(() => undefined);
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  test.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/dist`, sums };
}

async function machineWithoutNode(test: TestContext, version = "v22.9.9", ...hidden: readonly string[]) {
  const directory = await temporaryDirectory(test);
  const mirror = await nodeMirror(test, directory, version);
  const prefix = join(directory, "prefix");
  const env = {
    PATH: await pathWithout(directory, "node", ...hidden),
    NODE_MIRROR: mirror.url,
    NODE_PREFIX: prefix,
    https_proxy: "",
    http_proxy: "",
  };
  return { directory, mirror, prefix, env };
}

const TOOLS = ["dpkg", "gcc", "make", "rsync", "curl", "tar", "xz", "sha256sum"];

test("provision installs Node.js where there is none, and the second time nothing", async (t) => {
  if (!needs(t, lacks(...TOOLS))) return;
  const { prefix, env } = await machineWithoutNode(t);
  const first = await provision(env);
  assert.equal(first.code, 0, first.output);
  assert.match(first.output, /installing node-v22\.9\.9-linux-\w+ below/);
  assert.match(first.output, /ready: gcc \d+.*, node v22\.9\.9/);
  assert.equal(await readFile(join(prefix, "lib/node_modules/npm/package.json"), "utf8"), "{}");
  const second = await provision({ ...env, NODE_MIRROR: "http://127.0.0.1:1/" });
  assert.equal(second.code, 0, second.output);
  assert.doesNotMatch(second.output, /installing/);
});

test("provision refuses a Node.js whose checksum is not the published one, and installs nothing", async (t) => {
  if (!needs(t, lacks(...TOOLS))) return;
  const { mirror, prefix, env } = await machineWithoutNode(t);
  const sums = await readFile(mirror.sums, "utf8");
  await writeFile(mirror.sums, sums.replace(/^[0-9a-f]{64}(?= {2}node-v22\.9\.9-linux)/m, "f".repeat(64)));
  const { code, output } = await provision(env);
  assert.equal(code, 1);
  assert.match(output, /does not have the checksum in SHASUMS256\.txt; nothing was installed/);
  await assert.rejects(readdir(prefix), { code: "ENOENT" });
});

test("provision reports the address that it can't download from", async (t) => {
  if (!needs(t, lacks(...TOOLS))) return;
  const { env } = await machineWithoutNode(t);
  const { code, output } = await provision({ ...env, NODE_MIRROR: `${env.NODE_MIRROR}/nothing` });
  assert.equal(code, 1);
  assert.match(output, /can't download http:.*nothing\/latest-v22\.x\/SHASUMS256\.txt \(curl ended with 22\)/);
});

test("provision downloads with wget where there is no curl", async (t) => {
  if (!needs(t, lacks(...TOOLS, "wget"))) return;
  const { prefix, env } = await machineWithoutNode(t, "v22.9.9", "curl");
  const { code, output } = await provision(env);
  assert.equal(code, 0, output);
  assert.deepEqual(await readdir(join(prefix, "bin")), ["node"]);
});

test("provision does not report a machine as ready if the installed Node.js is too old", async (t) => {
  if (!needs(t, lacks(...TOOLS))) return;
  const { env } = await machineWithoutNode(t, "v20.18.1");
  const { code, output } = await provision(env);
  assert.equal(code, 1);
  assert.match(output, /bin\/node does not run, or is older than 20\.19/);
});

test("provision replaces a Node.js that is too old", async (t) => {
  if (!needs(t, lacks(...TOOLS))) return;
  const { directory, env } = await machineWithoutNode(t);
  await writeFile(join(directory, "bin/node"), "#!/bin/sh\necho v18.20.4\n", { mode: 0o755 });
  const { code, output } = await provision(env);
  assert.equal(code, 0, output);
  assert.match(output, /node v22\.9\.9/);
});

test("provision reports what is missing to a user other than root", async (t) => {
  if (!needs(t, lacks("gcc", "make", "rsync", "setpriv"))) return;
  const directory = await temporaryDirectory(t);
  await chmod(directory, 0o755);
  const env = { PATH: await pathWithout(directory, "make", "rsync") };
  const { code, output } = await provision(env, [
    "setpriv",
    "--reuid=65534",
    "--clear-groups",
    "sh",
    "-c",
    await readFile(SCRIPT, "utf8"),
  ]);
  assert.equal(code, 1);
  assert.match(output, /must run as root to install what is missing: make rsync/);
});

test("provision lists the packages to install on a distribution that it does not know", async (t) => {
  if (!needs(t, lacks("gcc", "unshare", "mount"))) return;
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, "os-release"), 'ID=fedora\nID_LIKE="rhel"\nPRETTY_NAME="Fedora Linux 40"\n');
  const script = `mount --bind ${directory}/os-release /etc/os-release && exec sh ${SCRIPT}`;
  const env = { PATH: await pathWithout(directory, "make") };
  const { code, output } = await provision(env, ["unshare", "--mount", "sh", "-c", script]);
  assert.equal(code, 1);
  assert.match(
    output,
    /Fedora Linux 40 is neither Debian nor Ubuntu; install by hand: gcc, make, rsync, .*Node\.js 20\.19/,
  );
});

test("provision does nothing on a ready machine, even when it is read from a pipe", async (t) => {
  if (!needs(t, lacks("gcc", "make", "rsync"))) return;
  const run = spawnSync("sh", ["-s"], { input: await readFile(SCRIPT), encoding: "utf8" });
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /^provision: ready: .*\n$/);
});

test("provision installs a unit of systemd that starts containers at boot, where that is asked for", async (t) => {
  if (!needs(t, lacks("gcc", "make", "rsync", "systemctl"))) return;
  const units = join(await temporaryDirectory(t), "units");
  const env = { PATH: process.env["PATH"] ?? "", SYSTEMD_UNITS: units };
  for (const boot of ["bin/true", "/nosuch", "/bin/true; reboot"]) {
    const refused = await provision({ ...env, TINYDOCKER_BOOT: boot });
    assert.equal(refused.code, 1);
    assert.match(refused.output, /^provision: .*(absolute path|no program|letters)/m);
  }
  await assert.rejects(readdir(units), { code: "ENOENT" });
  await mkdir(units);
  await writeFile(join(units, "tinydocker.service"), "its name before");
  for (let times = 0; times < 2; times += 1) {
    const { code, output } = await provision({ ...env, TINYDOCKER_BOOT: "/bin/true" });
    assert.equal(code, 0, output);
    assert.match(output, /the containers of \/bin\/true that are to run whenever this machine does start with it/);
  }
  assert.deepEqual((await readdir(units)).sort(), ["multi-user.target.wants", "tinydocker-boot.service"]);
  const unit = await readFile(join(units, "multi-user.target.wants/tinydocker-boot.service"), "utf8");
  assert.match(unit, /^ExecStart=\/bin\/true start --boot$/m);
  const verified = spawnSync("systemd-analyze", ["verify", join(units, "tinydocker-boot.service")], {
    encoding: "utf8",
  });
  assert.doesNotMatch(verified.stderr ?? "", /tinydocker-boot\.service.*(Unknown|Invalid|Missing|not)/);
});

test("provision.sh and the scripts of the tests pass shellcheck", (t) => {
  if (!needs(t, lacks("shellcheck"))) return;
  const cwd = join(import.meta.dirname, "..");
  const found = spawnSync("grep", ["-rlE", "^#!.*sh( |$)", "vagrant", "test", ".ci"], { cwd, encoding: "utf8" });
  const scripts = found.stdout.split("\n").filter((path) => path !== "" && !path.endsWith(".ts"));
  assert.ok(scripts.includes(".ci/run") && scripts.includes("test/rig/vm/guest/udhcpc"));
  const run = spawnSync("shellcheck", scripts, { cwd, encoding: "utf8" });
  assert.equal(run.status, 0, run.stdout);
});
