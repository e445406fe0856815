import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, type TestContext, test } from "node:test";
import { hideNode, hideNodeLacks } from "../../rig/hidden-node.ts";
import { needs } from "../../rig/host.ts";
import { gone } from "../../rig/processes.ts";
import { startSshd } from "../../rig/sshd.ts";
import { assertDocumented } from "../report/examples.ts";
import { DEVTOOL, type Ended, lacks, makeProject, type Project, startDevtool } from "../rig.ts";

/** A project without a bundle, native sources or `run`: what follows the options is the whole command line. */
const PLAIN = { "devtool.config.json": '{ "sync": { "include": ["src/"] } }' };

async function plainProject(t: TestContext): Promise<Project> {
  const project = await makeProject(t, PLAIN);
  await rm(join(project.root, "devtool.config.ts"));
  return project;
}

type Flags = (t: TestContext) => Promise<string[]>;

/** Of all tests of this file that only reach it. */
const host = lacks("sshd") === undefined ? await startSshd({ after }) : undefined;

const PLACES: Readonly<Record<string, Flags>> = {
  "this machine": async () => ["--target", "local"],
  "a host over SSH": async () => ["--ssh-config", host?.configFile ?? "", "--target", host?.host ?? ""],
};

async function runs(
  t: TestContext,
  flags: readonly string[],
  input: string | Buffer,
  ...command: string[]
): Promise<Ended> {
  const devtool = startDevtool(t, await plainProject(t), ["run", ...flags, ...command]);
  devtool.child.stdin?.end(input);
  return await devtool.ended;
}

for (const [name, flagsOf] of Object.entries(PLACES)) {
  test(`on ${name}, standard output is the command's output and nothing else`, async (t) => {
    if (!needs(t, lacks("rsync", "sshd"))) return;
    const { code, stdout, stderr } = await runs(t, await flagsOf(t), "echo $((6*7))\n", "/bin/sh");
    assert.equal(stdout.toString(), "42\n", stderr);
    assert.equal(code, 0);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be printed
    assert.doesNotMatch(stderr, /[\x00-\x08\x0b-\x1f]/);
  });

  test(`on ${name}, bytes pass both ways as they are, to the last one`, async (t) => {
    if (!needs(t, lacks("rsync", "sshd"))) return;
    const bytes = Buffer.alloc(3_000_001, Buffer.from(Array.from({ length: 256 }, (_, i) => i)));
    const { code, stdout } = await runs(t, await flagsOf(t), bytes, "cat");
    assert.equal(code, 0);
    assert.ok(stdout.equals(bytes), `${stdout.length} bytes`);
  });

  test(`on ${name}, both output streams are kept apart, and the exit code is the command's`, async (t) => {
    if (!needs(t, lacks("rsync", "sshd"))) return;
    const { code, stdout, stderr } = await runs(t, await flagsOf(t), "", "sh", "-c", "echo out; echo err >&2; exit 7");
    assert.deepEqual([code, stdout.toString()], [7, "out\n"]);
    assert.match(stderr, /^err$/m);
  });

  test(`on ${name}, after a command ended by a signal the exit code is 128 plus the signal's number`, async (t) => {
    if (!needs(t, lacks("rsync", "sshd"))) return;
    const { code } = await runs(t, await flagsOf(t), "", "sh", "-c", "kill -KILL $$");
    assert.equal(code, 137);
  });

  test(`on ${name}, a command that is not there ends with 127, and one that is no program with 126`, async (t) => {
    if (!needs(t, lacks("rsync", "sshd"))) return;
    const [flags, project] = [await flagsOf(t), await plainProject(t)];
    for (const [name, text] of [
      ["src/crlf", "#!/bin/sh\r\n"],
      ["src/args", "#! /bin/nosuch -e\n"],
    ] as const) {
      await project.write({ [name]: text });
      await chmod(join(project.root, name), 0o755);
    }
    for (const [command, exitCode, message] of [
      ["nosuch", 127, /^devtool: .* has no nosuch\ndevtool: {3}install it there$/m],
      ["make && ./x", 127, /^devtool: .* has no make && \.\/x\ndevtool: {3}no shell reads the command: sh -c/m],
      ["./src/nosuch", 127, /^devtool: .* has no \.\/src\/nosuch$/m],
      ["./src/main.ts", 126, /^devtool: can't start \.\/src\/main\.ts on .*: permission denied \(EACCES\)$/m],
      [
        "./src/crlf",
        126,
        /can't start \.\/src\/crlf on .*: what is to run it is not there \(ELIBACC\)\n.* LF, not CR LF/,
      ],
      ["./src/args", 126, /can't start \.\/src\/args on .*: what is to run it is not there/],
    ] as const) {
      const { code, stderr } = await startDevtool(t, project, ["run", ...flags, command]).ended;
      assert.equal(code, exitCode, stderr);
      assert.match(stderr, message);
    }
  });

  test(`on ${name}, a signal is passed to the command, which decides what to do`, async (t) => {
    if (!needs(t, lacks("rsync", "sshd"))) return;
    for (const [signal, exitCode] of [
      ["SIGINT", 3],
      ["SIGTERM", 4],
      ["SIGHUP", 5],
      ["SIGQUIT", 6],
    ] as const) {
      const script =
        "trap 'exit 3' INT; trap 'exit 4' TERM; trap 'exit 5' HUP; trap 'exit 6' QUIT; echo ready; read line";
      const devtool = startDevtool(t, await plainProject(t), ["run", ...(await flagsOf(t)), "sh", "-c", script]);
      assert.ok(devtool.child.stdout);
      await once(devtool.child.stdout, "data");
      devtool.child.kill(signal);
      assert.equal((await devtool.ended).code, exitCode, signal);
    }
  });

  test(`on ${name}, a second Ctrl-C ends devtool at once, and leaves no process behind`, async (t) => {
    if (!needs(t, lacks("rsync", "sshd"))) return;
    const script = "trap 'echo caught' INT; echo $$; read line; read line";
    const devtool = startDevtool(t, await plainProject(t), ["run", ...(await flagsOf(t)), "sh", "-c", script]);
    assert.ok(devtool.child.stdout);
    const [line] = await once(devtool.child.stdout, "data");
    // Signals of one kind are not queued: the second is sent once the first has been passed on.
    const caught = once(devtool.child.stdout, "data");
    devtool.child.kill("SIGINT");
    assert.equal(String((await caught)[0]), "caught\n");
    devtool.child.kill("SIGINT");
    assert.equal((await devtool.ended).code, 130);
    await gone(Number(line));
  });

  test(`on ${name}, the command is ended without an error message when its output's reader exits`, async (t) => {
    if (!needs(t, lacks("rsync", "sshd"))) return;
    const devtool = startDevtool(t, await plainProject(t), ["run", ...(await flagsOf(t)), "yes"]);
    const { stdout } = devtool.child;
    assert.ok(stdout);
    await once(stdout, "data");
    stdout.destroy();
    const { code, stderr } = await devtool.ended;
    assert.equal(code, 141, stderr);
    assert.doesNotMatch(stderr, /EPIPE|Error|ended/);
  });

  test(`on ${name}, the command is interactive on a terminal: raw, of its size, interrupted by Ctrl-C`, async (t) => {
    if (!needs(t, lacks("rsync", "sshd", "script"))) return;
    const shown = await onTerminal(
      t,
      ["run", ...(await flagsOf(t)), "sh", "-c", INTERACTIVE],
      [
        [/size 30 100/, "typed\r"],
        [/got typed/, "\x03"],
      ],
    );
    assert.match(shown, /interrupted/);
    assert.match(shown, /code=9/);
    assert.match(shown, /restored .*icanon/s);
  });

  test(`on ${name}, --json prints one event per line, and the command's output as events`, async (t) => {
    if (!needs(t, lacks("rsync", "sshd"))) return;
    const flags = ["--json", ...(await flagsOf(t))];
    const { code, stdout, stderr } = await runs(t, flags, "in", "sh", "-c", "cat; printf '\\377' >&2; exit 2");
    const events = stdout
      .toString()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const of = (kind: string) => events.filter(({ event }) => event === kind);
    const target = flags.at(-1);
    assert.deepEqual(
      of("output")
        .sort((a, b) => String(a["stream"]).localeCompare(String(b["stream"])))
        .map(({ at, ...rest }) => rest),
      [
        { event: "output", round: 1, target, stream: "stderr", base64: "/w==" },
        { event: "output", round: 1, target, stream: "stdout", data: "in" },
      ],
    );
    const [synced] = of("synced");
    assert.match(String(synced?.["mirror"]), /^\/.*\/\.cache\/devtool\/mirrors\/project-[0-9a-f]{8}$/);
    for (const key of ["files", "bytesSent", "bytesTotal"]) assert.equal(typeof synced?.[key], "number");
    const [exited] = of("exited");
    assert.deepEqual({ ...exited, at: 0 }, { event: "exited", round: 1, target, at: 0, code: 2, signal: null });
    for (const line of events) assertDocumented(line);
    assert.deepEqual([code, stderr], [2, ""]);
  });
}

test("Ctrl-C at a prompt ends devtool without an error message", async (t) => {
  if (!needs(t, lacks("sshd", "script"))) return;
  const sshd = await startSshd(t);
  const config = join(sshd.directory, "asking_config");
  const known = await readFile(sshd.configFile, "utf8");
  await writeFile(
    config,
    known.replace(/UserKnownHostsFile .*/, "UserKnownHostsFile /dev/null").replace("Checking yes", "Checking ask"),
  );
  const shown = await onTerminal(
    t,
    ["run", "--ssh-config", config, "--target", sshd.host, "true"],
    [[/SHA256:.*\?/s, "\x03"]],
  );
  assert.match(shown, /code=130/);
  assert.doesNotMatch(shown, /bug|Error/);
});

const INTERACTIVE = `trap 'echo interrupted; exit 9' INT
test -t 0 && test -t 1 && echo size $(stty size)
read line; echo got $line
read line`;

/** Runs devtool on a terminal of util-linux's `script`; each answer is typed once its question has been printed. */
async function onTerminal(t: TestContext, args: readonly string[], dialogue: readonly (readonly [RegExp, string])[]) {
  const project = await plainProject(t);
  const words = [...DEVTOOL, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const line = `trap : INT; stty rows 30 cols 100; ${words.join(" ")}; echo code=$?; echo restored $(stty -a)`;
  await writeFile(join(project.home, "line.sh"), line);
  const child = spawn("script", ["--quiet", "--command", `sh ${project.home}/line.sh`, "/dev/null"], {
    cwd: project.root,
    env: { ...process.env, HOME: project.home, XDG_CACHE_HOME: join(project.home, "cache"), TERM: "xterm" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const left = [...dialogue];
  let shown = "";
  child.stdout.on("data", (chunk: Buffer) => {
    shown += chunk.toString();
    const [question, answer] = left[0] ?? [];
    if (!question?.test(shown)) return;
    left.shift();
    child.stdin.write(answer ?? "");
  });
  await once(child, "close");
  return shown;
}

const REFUSED: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["a target that is not a valid host", ["run", "--target=-oProxyCommand=x", "true"], /is not a valid host/],
  ["an unknown host", ["run", "--target", "nobody.invalid", "true"], /nobody\.invalid has no address/],
  [
    "a host that refuses the connection",
    ["run", "--target", "127.0.0.1:1", "true"],
    /127\.0\.0\.1:1 refused the connection/,
  ],
  ["no command", ["run", "--target", "local"], /there is no command to run/],
  ["a misspelt option", ["run", "--tagret", "x", "true"], /unknown option --tagret\n.*did you mean --target\?/],
  ["a configuration that does not exist", ["run", "--config", "gone.ts", "true"], /can't read .*gone\.ts/],
];

for (const [title, args, message] of REFUSED) {
  test(`${title} is refused with exit code 2, and nothing else is done`, async (t) => {
    const project = await plainProject(t);
    const { code, stdout, stderr } = await startDevtool(t, project, args).ended;
    assert.deepEqual([code, stdout.toString()], [2, ""], stderr);
    assert.match(stderr, message);
    assert.deepEqual(await readdir(project.home), []);
  });
}

test("a pattern that can't be used is refused before devtool connects", async (t) => {
  const project = await plainProject(t);
  await project.write({ "devtool.config.json": '{ "sync": { "include": ["a/[b"] } }' });
  for (const command of ["run", "watch"]) {
    const { code, stdout, stderr } = await startDevtool(t, project, [command, "--json", "--target", "local", "true"])
      .ended;
    assert.equal(code, 2, stderr);
    assert.match(stdout.toString(), /devtool.config.json: sync.include\[0\]: .* it has a \[ without its \]/);
    assert.doesNotMatch(stdout.toString(), /"connect/);
  }
});

for (const [name, flagsOf] of Object.entries(PLACES)) {
  test(`on ${name}, the command has the environment of the configuration, of its file, and the locale`, async (t) => {
    if (!needs(t, lacks("rsync", "sshd"))) return;
    const project = await plainProject(t);
    const config = { sync: { include: ["src/"] }, env: { A: "a b" }, envFile: ".env" };
    await project.write({
      "devtool.config.json": JSON.stringify(config),
      ".env": "B=secret\n",
      ".gitignore": ".env\n",
    });
    const script = 'echo "$A $B $LC_TIME"; ls -A';
    const devtool = startDevtool(t, project, ["run", ...(await flagsOf(t)), "sh", "-c", script], { LC_TIME: "C" });
    devtool.child.stdin?.end();
    const { stdout, stderr } = await devtool.ended;
    assert.equal(stdout.toString(), "a b secret C\nsrc\n", stderr);
    assert.doesNotMatch(stderr, /secret/);
  });
}

test("on a target without Node.js a C program is sent, compiled and run, and a bundle is refused", async (t) => {
  if (!needs(t, lacks("rsync", "sshd", "make", "gcc") ?? hideNodeLacks())) return;
  const project = await makeProject(t, { "real-node": "" });
  const sshd = await startSshd(t, { prefix: hideNode(join(project.root, "real-node")) });
  const run = async (...words: string[]) => {
    const devtool = startDevtool(t, project, ["run", "--ssh-config", sshd.configFile, "--target", sshd.host, ...words]);
    devtool.child.stdin?.end();
    return await devtool.ended;
  };
  const bundled = await run();
  assert.equal(bundled.code, 2);
  assert.match(bundled.stderr, /rig has no Node\.js 20\.19 or newer, which the bundle needs/);
  const native = 'export default { native: { folder: "native" }, run: ["native/build/hello"] };\n';
  await project.write({ "devtool.config.ts": native });
  const compiled = await run();
  assert.equal(compiled.stdout.toString(), "c1\n", compiled.stderr);
  assert.match(compiled.stderr, /it has no Node\.js; .*so each command takes longer to start/);
});

test("a target's settings name its mirrors' folder, its rsync and its environment", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const project = await plainProject(t);
  const rsync = join(project.home, "my-rsync");
  await writeFile(rsync, '#!/bin/sh\necho used >~/used\nexec rsync "$@"\n', { mode: 0o755 });
  const here = { kind: "local", mirror: "~/mirrors", rsync, env: { A: "target" } };
  const config = { sync: { include: ["src/"] }, env: { A: "project", B: "b" }, targets: { here } };
  await project.write({ "devtool.config.json": JSON.stringify(config) });
  const devtool = startDevtool(t, project, ["run", "--target", "here", "sh", "-c", 'pwd; echo "$A $B"']);
  devtool.child.stdin?.end();
  const { stdout, stderr } = await devtool.ended;
  const [pwd = "", variables] = stdout.toString().split("\n");
  assert.ok(pwd.startsWith(`${project.home}/mirrors/project-`), stderr);
  assert.equal(variables, "target b");
  assert.equal(await readFile(join(project.home, "used"), "utf8"), "used\n");
});

test("a message has a line of its own where the program's output is in the same file and has no end", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const { root, home } = await plainProject(t);
  const told = "devtool: ended by SIGSEGV (segmentation fault)\n";
  for (const [errors, printed] of [
    ["2>&1", `part\n${told}`],
    ["2>err", "part"],
  ] as const) {
    const words = ["run", "--target", "local", "sh", "-c", "printf part; kill -SEGV $$"];
    const env = { ...process.env, HOME: home, XDG_CACHE_HOME: join(home, "cache") };
    const child = spawn("sh", ["-c", `exec "$@" ${errors}`, "-", ...DEVTOOL, ...words], { cwd: root, env });
    const [stdout] = await Promise.all([text(child.stdout), once(child, "close")]);
    assert.equal(stdout.slice(stdout.indexOf("part")), printed);
  }
  assert.ok((await readFile(join(root, "err"), "utf8")).endsWith(`\n${told}`));
});

test("a command that does not exist is reported", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const { code, stderr } = await runs(t, ["--target", "local"], "", "no-such-command");
  assert.notEqual(code, 0);
  assert.match(stderr, /this machine has no no-such-command/);
});

test("help and version are printed on standard output", async (t) => {
  const project = await plainProject(t);
  const help = await startDevtool(t, project, ["--help"]).ended;
  assert.equal(help.code, 0);
  for (const name of [
    "run",
    "watch",
    "sync",
    "build",
    "doctor",
    "provision",
    "up",
    "halt",
    "destroy",
    "ssh",
    "status",
  ]) {
    assert.match(help.stdout.toString(), new RegExp(`^  devtool ${name}\\s`, "m"));
  }
  const usage = "devtool COMMAND [OPTIONS] [CMD…]";
  const atMargin = help.stdout
    .toString()
    .split("\n")
    .filter((line) => /^\S/.test(line));
  assert.deepEqual(atMargin, [usage, "Commands:", "Options:"], "what is wrapped stays in its column");
  const version = startDevtool(t, project, ["--version"]);
  assert.ok(version.child.stdout);
  assert.match(await text(version.child.stdout), /^\d+\.\d+\.\d+\n$/);
});
