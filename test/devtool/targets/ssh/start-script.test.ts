import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdir, open, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import test, { before, type TestContext } from "node:test";
import type { SshTargetOptions } from "../../../../devtool/targets/ssh/target.ts";
import type { Connection } from "../../../../devtool/targets/target.ts";
import { buildAgent } from "../../../rig/agent.ts";
import { hideNode, hideNodeLacks } from "../../../rig/hidden-node.ts";
import { needs, temporaryDirectory } from "../../../rig/host.ts";
import { startSshd } from "../../../rig/sshd.ts";
import { connectTo, outcome, targetOn } from "../connected.ts";

before(buildAgent);

/** The real programs that the login shell's PATH has: no node. */
const PROGRAMS = ["sh", "bash", "cat", "mkdir", "chmod", "head", "rm", "id", "stat", "cksum", "timeout", "sed", "tail", "tr", "awk", "mv", "uname", "ls", "wc", "dirname", "sort", "true", "env"]; // biome-ignore format: a list

interface Machine {
  readonly home: string;
  readonly notices: readonly string[];
  connect(options?: Partial<SshTargetOptions>): Promise<Connection>;
}

/** A target whose login shell is bash with these start-up files, and that has no node but what these are. */
async function machine(t: TestContext, files: Readonly<Record<string, string>>): Promise<Machine> {
  const directory = await temporaryDirectory(t);
  const [home, bin] = [join(directory, "home of me"), join(directory, "bin")];
  await mkdir(bin);
  for (const name of PROGRAMS) await symlink(`/usr/bin/${name}`, join(bin, name));
  const write = async (path: string, text: string) => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    await chmod(path, 0o755);
  };
  // Debian's /etc/profile replaces the PATH.
  await write(join(home, ".profile"), `PATH=${bin}\n. ~/.bashrc\n`);
  for (const [path, text] of Object.entries({ ".bashrc": "", ...files })) await write(join(home, path), text);
  await write(join(home, "real-node"), "");
  const sshd = await startSshd(t, {
    home,
    config: [`SetEnv "HOME=${home}" PATH=${bin}`],
    prefix: hideNode(join(home, "real-node")),
  });
  const notices: string[] = [];
  const notice = (text: string) => void notices.push(text);
  return { home, notices, connect: (options) => connectTo(t, targetOn(sshd, { notice, ...options })) };
}

const NODE = '#!/bin/sh\nexec ~/real-node "$@"\n';
const OLD_NODE = '#!/bin/sh\n[ "$1" = --version ] && echo v18.20.4\n';
const NON_INTERACTIVE_RETURNS = "case $- in *i*) ;; *) return ;; esac\n";

for (const [what, files] of [
  [
    "that an interactive shell has, by nvm",
    { ".bashrc": `${NON_INTERACTIVE_RETURNS}PATH=~/.nvm/v:$PATH\n`, ".nvm/v/node": NODE },
  ],
  ["of nvm, without its lines in a start-up file", { ".nvm/versions/node/v22.1.0/bin/node": NODE }],
  ["of fnm", { ".local/share/fnm/aliases/default/bin/node": NODE }],
  ["of volta", { ".volta/bin/node": NODE }],
  ["of asdf", { ".asdf/installs/nodejs/22.1.0/bin/node": NODE }],
  [
    "in ~/.local/bin, where the PATH has one that is too old",
    {
      "old/node": OLD_NODE,
      ".bashrc": "PATH=~/old:$PATH\n",
      ".volta/bin/node": NODE,
      ".nvm/versions/node/v22.1.0/bin/node": NODE,
    },
  ],
] as const) {
  test(`a Node.js ${what} runs the agent, and is what \`node\` is for every process`, async (t) => {
    if (!needs(t, hideNodeLacks())) return;
    const { connect, notices } = await machine(t, files);
    const connection = await connect();
    assert.equal((await connection.facts()).node, process.version);
    for (const tty of [undefined, { term: "dumb", columns: 80, rows: 24 }]) {
      const { stdout } = await outcome(connection.exec(["node", "-p", "process.version"], tty ? { tty } : {}));
      assert.equal(stdout.trim(), process.version);
    }
    assert.deepEqual(notices, []);
  });
}

test("the newest of several is taken, and the target's setting before all", async (t) => {
  if (!needs(t, hideNodeLacks())) return;
  const { connect, home } = await machine(t, {
    ".nvm/versions/node/v20.19.0/bin/node": NODE,
    ".nvm/versions/node/v22.10.0/bin/node": NODE,
    ".nvm/versions/node/v22.9.0/bin/node": NODE,
    "mine/node": NODE,
  });
  const which = async (options: Partial<SshTargetOptions>) =>
    (await outcome((await connect(options)).exec(["sh", "-c", "command -v node"]))).stdout.trim();
  assert.equal(await which({}), join(home, ".nvm/versions/node/v22.10.0/bin/node"));
  assert.equal(await which({ node: "~/mine/node" }), join(home, "mine/node"));
});

test("other programs of an interactive shell and of known folders are found too", async (t) => {
  if (!needs(t, hideNodeLacks())) return;
  const { connect } = await machine(t, {
    ".volta/bin/node": NODE,
    ".bashrc": `${NON_INTERACTIVE_RETURNS}PATH=$PATH:~/tools\n`,
    "tools/make": "#!/bin/sh\necho made\n",
    ".cargo/bin/cargo": "#!/bin/sh\necho carried\n",
  });
  const connection = await connect();
  assert.equal((await outcome(connection.exec(["make"]))).stdout, "made\n");
  assert.equal((await outcome(connection.exec(["cargo"]))).stdout, "carried\n");
});

test("what a start-up file leaves in the background is not waited for, also where the shell says no PATH", async (t) => {
  if (!needs(t, hideNodeLacks())) return;
  const fifo = join(await temporaryDirectory(t), "fifo");
  execFileSync("mkfifo", [fifo]);
  const child = `${NON_INTERACTIVE_RETURNS}cat ${fifo} &\n`;
  const { connect, home } = await machine(t, { ".volta/bin/node": NODE, ".bashrc": `${child}PATH=~/mine:$PATH\n` });
  const path = async () => (await outcome((await connect()).exec(["sh", "-c", 'echo "$PATH"']))).stdout;
  try {
    assert.ok((await path()).startsWith(`${home}/mine:`));
    await writeFile(join(home, ".bashrc"), `${child}printf unended; exec true\n`);
    assert.ok((await path()).includes(`:${home}/.volta/bin:`));
  } finally {
    await (await open(fifo, "r+")).close(); // those that wait for a writer end
  }
});

test("a Node.js that does not run is said not to, with why, and the next one is taken", async (t) => {
  if (!needs(t, hideNodeLacks())) return;
  const broken = "#!/bin/sh\necho GLIBC_2.28 not found >&2\necho more >&2\nexit 1\n";
  const { connect, home, notices } = await machine(t, { ".volta/bin/node": broken });
  await outcome((await connect()).exec(["true"]));
  const said = `its Node.js does not run: ${home}/.volta/bin/node: GLIBC_2.28 not found; 20.19 or newer is needed`;
  assert.deepEqual(notices, [`rig: ${said}, so each command takes longer to start`]);
  await mkdir(join(home, "n/bin"), { recursive: true });
  await writeFile(join(home, "n/bin/node"), NODE, { mode: 0o755 });
  assert.equal((await (await connect()).facts()).node, process.version);
});

test("a small userland, without cksum or awk, has a PATH each time", async (t) => {
  if (!needs(t, hideNodeLacks())) return;
  const { connect, home } = await machine(t, { ".volta/bin/node": NODE });
  const bin = join(dirname(home), "bin");
  const path = async () => (await outcome((await connect()).exec(["sh", "-c", 'echo "$PATH"']))).stdout;
  await rm(join(bin, "cksum"));
  for (const _time of [1, 2]) assert.ok((await path()).startsWith(`${bin}:${home}/.volta/bin:`), await path());
  await rm(join(bin, "awk"));
  for (const _time of [1, 2]) assert.ok((await path()).includes(bin), await path());
});

test("the interactive shell is asked again only after one of its files has changed", async (t) => {
  if (!needs(t, hideNodeLacks())) return;
  const { connect, home } = await machine(t, {
    ".volta/bin/node": NODE,
    ".bashrc": `${NON_INTERACTIVE_RETURNS}echo asked >>~/log\n`,
  });
  for (const _time of [1, 2]) await outcome((await connect()).exec(["true"]));
  assert.equal(await readFile(join(home, "log"), "utf8"), "asked\n");
  await writeFile(join(home, ".bashrc"), `${NON_INTERACTIVE_RETURNS}echo again >>~/log\n`);
  await outcome((await connect()).exec(["true"]));
  assert.equal(await readFile(join(home, "log"), "utf8"), "asked\nagain\n");
});

test("it is asked again, too, after a change of what its files read, and once a known folder is there", async (t) => {
  if (!needs(t, hideNodeLacks())) return;
  const { connect, home } = await machine(t, {
    ".volta/bin/node": NODE,
    ".bashrc": `${NON_INTERACTIVE_RETURNS}for f in ~/.bashrc.d/*; do . "$f"; done\n`,
    ".bashrc.d/tools": "",
    "tools/own-make": "#!/bin/sh\necho made\n",
  });
  const says = async (program: string) => (await outcome((await connect()).exec([program]))).stdout;
  await assert.rejects(says("own-make"), /own-make/);
  await writeFile(join(home, ".bashrc.d/tools"), "PATH=$PATH:~/tools\n");
  assert.equal(await says("own-make"), "made\n");
  await assert.rejects(says("own-task"), /own-task/);
  await mkdir(join(home, "go/bin"), { recursive: true });
  await writeFile(join(home, "go/bin/own-task"), "#!/bin/sh\necho done\n", { mode: 0o755 });
  assert.equal(await says("own-task"), "done\n");
});

test("a shell of the target's settings is asked instead of the login shell", async (t) => {
  if (!needs(t, hideNodeLacks())) return;
  const { connect, home } = await machine(t, {
    ".volta/bin/node": NODE,
    "tools/make": "#!/bin/sh\necho made\n",
    "my shell": `#!/bin/sh\nPATH=$PATH:$HOME/tools\neval "$2"\n`,
  });
  const connection = await connect({ shell: join(home, "my shell") });
  assert.equal((await outcome(connection.exec(["make"]))).stdout, "made\n");
});

for (const [what, files, notice] of [
  ["without Node.js", {}, /rig: it has no Node\.js; 20\.19 or newer is needed, so each command takes longer to start/],
  ["whose Node.js is too old", { ".volta/bin/node": OLD_NODE }, /rig: its Node\.js is v18\.20\.4; 20\.19 or newer/],
] as const) {
  test(`a target ${what} runs what needs none, with one notice`, async (t) => {
    if (!needs(t, hideNodeLacks())) return;
    const { connect, notices, home } = await machine(t, {
      ...files,
      ".bashrc": `${NON_INTERACTIVE_RETURNS}PATH=$PATH:~/tools\n`,
      "tools/make": '#!/bin/sh\necho "made $A"\n',
    });
    const connection = await connect();
    const facts = await connection.facts();
    assert.deepEqual(
      [facts.node, facts.home, facts.platform, facts.arch],
      [null, home, process.platform, process.arch],
    );
    assert.equal((await outcome(connection.exec(["make"], { env: { A: "b" } }))).stdout, "made b\n");
    assert.equal(notices.length, 1);
    assert.match(notices.join(), notice);
  });
}

test("a home that can't be written has the agent and the mirrors elsewhere", async (t) => {
  const sshd = await startSshd(t, { home: "/proc/self" });
  const notices: string[] = [];
  const connection = await connectTo(t, targetOn(sshd, { notice: (text) => notices.push(text) }));
  const { cache, node } = await connection.facts();
  assert.equal(cache, `/var/tmp/devtool-${process.getuid?.()}`);
  t.after(() => rm(cache, { recursive: true, force: true }));
  assert.equal(node, process.version);
  assert.equal((await outcome(connection.exec(["echo", "out"], { cwd: "/" }))).stdout, "out\n");
  assert.deepEqual(notices, [`rig: its home can't be written, so what devtool keeps there is in ${cache}`]);
});
