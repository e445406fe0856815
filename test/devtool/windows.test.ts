import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import type { EventLine } from "../../devtool/report/events.ts";
import { needs, temporaryDirectory } from "../rig/host.ts";
import { startSshAgent } from "../rig/ssh-agent.ts";
import { type Sshd, startSshd } from "../rig/sshd.ts";
import { ended, lacksWindows, openWindows, type Windows, type WindowsProgram, windowsPath } from "../rig/windows.ts";
import { lacks } from "./rig.ts";

const DEVTOOL = join(import.meta.dirname, "../../dist/devtool.cjs");
const FILES = {
  "devtool.config.ts": `import { defineConfig } from "tinydocker/config";

export default defineConfig({
  bundle: { entryPoints: { main: "src/main.ts" } },
  native: { folder: "native" },
  sync: { include: ["data/", "tools/"] },
  run: ["node", "--", ".devtool/main.js"],
});
`,
  "src/main.ts": `import { execFileSync } from "node:child_process";
import { word } from "./lib/word.ts";
console.log(word, execFileSync("native/hello", { encoding: "utf8" }).trim(), execFileSync("tools/run.sh", { encoding: "utf8" }).trim());
process.exitCode = process.argv.length;
`,
  "src/lib/word.ts": 'export const word: string = "one";\n',
  "native/Makefile": "hello: hello.c\n\tgcc -o $@ hello.c\n",
  "native/hello.c": '#include <stdio.h>\n\nint main(void)\n{\n\tputs("c1");\n\treturn 0;\n}\n',
  "native/.gitignore": "hello\n",
  "data/with a space/\u00e9.txt": "text\n",
  "data/gone/a.txt": "",
  "tools/run.sh": "#!/bin/sh\necho script\n",
  "tools/plain.txt": "",
};

interface Place {
  readonly root: string;
  readonly sshd: Sshd;
  readonly windows: Windows;
  /** devtool's arguments for the target. */
  readonly flags: readonly string[];
}

async function place(t: TestContext): Promise<Place> {
  // First, because what runs there ends before its folder is removed and its sshd stopped.
  const windows = await openWindows(t);
  const root = join(await temporaryDirectory(t), "my project");
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const sshd = await startSshd(t);
  return { root, sshd, windows, flags: ["--ssh-config", windowsPath(sshd.configFile), "--target", sshd.host] };
}

const TOOLS = ["rsync", "sshd", "gcc", "make"];
const hasAll = (t: TestContext) => needs(t, lacks(...TOOLS) ?? lacksWindows());

test("this repository has line ends of Linux wherever it is checked out", async (t) => {
  if (!needs(t, lacks("git"))) return;
  const folder = await temporaryDirectory(t);
  const root = join(import.meta.dirname, "../..");
  const git = (...args: string[]) =>
    spawnSync("git", ["-c", "core.autocrlf=true", ...args], { cwd: root, encoding: "utf8" });
  if (!needs(t, git("rev-parse").status === 0 ? undefined : "a repository of git")) return;
  assert.equal(git("checkout-index", "--all", `--prefix=${folder}/`).status, 0);
  const scripts = git("ls-files", "*.sh", "*.ts", "*Makefile", "Vagrantfile").stdout.trim().split("\n");
  assert.ok(scripts.length > 500);
  const withCarriageReturn = scripts.filter((path) => readFileSync(join(folder, path), "latin1").includes("\r\n"));
  assert.deepEqual(withCarriageReturn, []);
});

test("from Windows: watch sees saves, deletions and renames", async (t) => {
  if (!hasAll(t)) return;
  const { root, windows, flags } = await place(t);
  const next = eventsOf(windows.start(DEVTOOL, ["watch", "--json", ...flags], { cwd: root }));
  const { mirror } = await next("synced");
  assert.equal((await next("output")).data, "one c1 script\n");
  const save = (path: string, text: string) => {
    writeFileSync(join(root, `${path}.new`), text);
    renameSync(join(root, `${path}.new`), join(root, path));
  };
  save("src/lib/word.ts", 'export const word: string = "two";\n');
  assert.equal((await next("output")).data, "two c1 script\n");
  save("native/hello.c", FILES["native/hello.c"].replace("c1", "c2"));
  assert.equal((await next("output")).data, "two c2 script\n");
  renameSync(join(root, "data/with a space"), join(root, "data/renamed"));
  while (!existsSync(join(mirror, "data/renamed/\u00e9.txt")) || existsSync(join(mirror, "data/with a space")))
    await next("exited");
  rmSync(join(root, "data/gone"), { recursive: true });
  while (existsSync(join(mirror, "data/gone"))) await next("exited");
});

test("from Windows: provision, run, build and sync, of a checkout with CRLF, with keys from an agent behind a named pipe", async (t) => {
  if (!needs(t, lacks(...TOOLS, "ssh-agent", "git") ?? lacksWindows())) return;
  const { root, sshd, windows } = await place(t);
  checkOut(root, { "vagrant/provision.sh": "set -eu\nmain() {\n  echo made ready\n}\nmain\n" });
  assert.match(readFileSync(join(root, "vagrant/provision.sh"), "latin1"), /\r\n/);
  const flags = ["--ssh-config", windowsPath(await onlyByAgent(t, windows, sshd)), "--target", sshd.host];
  const devtool = (...args: string[]) => ended(windows.start(DEVTOOL, args, { cwd: root }));
  const ran = await devtool("run", "--provision", ...flags, "word");
  assert.match(ran.stderr, /^made ready$/m);
  assert.deepEqual([ran.code, ran.stdout], [3, "one c1 script\n"], ran.stderr);
  rmSync(join(root, "data/gone"), { recursive: true });
  const built = await devtool("build", "--json", ...flags);
  assert.equal(built.code, 0, built.stdout);
  const events = built.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as EventLine);
  const synced = events.find((event) => event.event === "synced");
  assert.ok(synced?.event === "synced");
  assert.deepEqual([synced.files, synced.deleted], [0, 2]);
  assert.ok(events.some((event) => event.event === "compiled" && !event.compiled));
  const mode = (path: string) => statSync(join(synced.mirror, path)).mode & 0o777;
  assert.deepEqual([mode("tools/run.sh"), mode("tools/plain.txt")], [0o755, 0o644]);
  assert.equal(readFileSync(join(synced.mirror, "data/with a space/\u00e9.txt"), "latin1"), "text\r\n");
  const again = await devtool("sync", ...flags);
  assert.match(again.stderr, /sent 0 files/);
});

/** Returns a configuration with a public key alone, whose private one is in an agent behind a named pipe. */
async function onlyByAgent(t: TestContext, windows: Windows, sshd: Sshd): Promise<string> {
  const pipe = `\\\\.\\pipe\\tinydocker-test-${process.pid}`;
  const socket = await startSshAgent(t, sshd.directory, [sshd.keyFile]);
  assert.match(await servePipe(t, windows, sshd.directory, pipe, socket), /listens/);
  const publicKey = join(sshd.directory, "alone.pub");
  copyFileSync(`${sshd.keyFile}.pub`, publicKey);
  const config = readFileSync(sshd.configFile, "utf8").replace(/IdentityFile .*/, `IdentityFile ${publicKey}`);
  const file = join(sshd.directory, "only-agent");
  writeFileSync(file, `${config.trimEnd()}\n  IdentityAgent ${pipe}\n`);
  return file;
}

/** The folder as git checks it out on Windows: with CRLF, but for what has to run on Linux. */
function checkOut(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries({ ...files, ".gitattributes": "tools/*.sh text eol=lf\n" })) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const git = (...args: string[]) => {
    const { status, stderr } = spawnSync(
      "git",
      ["-c", "core.autocrlf=true", "-c", "user.name=t", "-c", "user.email=t", ...args],
      { cwd: root },
    );
    assert.equal(status, 0, stderr.toString());
  };
  git("init", "-q");
  git("add", ".");
  git("commit", "-qm", "first");
  for (const path of [...Object.keys(FILES), ...Object.keys(files)]) rmSync(join(root, path));
  git("checkout", "-q", "--", ".");
}

/** A named pipe of Windows, in front of a socket of this machine. */
async function servePipe(
  t: TestContext,
  windows: Windows,
  folder: string,
  pipe: string,
  socket: string,
): Promise<string> {
  const server = createServer((client) => {
    const agent = connect(socket);
    client.pipe(agent).pipe(client);
    for (const stream of [client, agent]) stream.on("error", () => {});
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const script = join(folder, "pipe.cjs");
  writeFileSync(
    script,
    `const { connect, createServer } = require("node:net");
createServer((client) => client.pipe(connect(${port}, "127.0.0.1")).pipe(client)).listen(${JSON.stringify(pipe)}, () => console.log("listens"));
`,
  );
  const { child } = windows.start(script, [], { cwd: folder });
  const [line] = await once(child.stdout ?? assert.fail(), "data");
  return String(line);
}

type Next = <K extends EventLine["event"]>(kind: K) => Promise<Extract<EventLine, { event: K }> & { data?: string }>;

function eventsOf({ child, errors }: WindowsProgram): Next {
  const lines = createInterface({ input: child.stdout ?? assert.fail() })[Symbol.asyncIterator]();
  const printed: string[] = [];
  return async (kind) => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`devtool ended before "${kind}":\n${printed.join("\n")}\n${errors()}`);
      printed.push(value);
      const event = JSON.parse(value) as EventLine;
      if (event.event === kind) return event as never;
    }
  };
}
