import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import xterm from "@xterm/headless";
import { needs } from "../../rig/host.ts";
import { startSshd } from "../../rig/sshd.ts";
import { afterTest, DEVTOOL, type Devtool, lacks, makeProject, type Project, startDevtool } from "../rig.ts";

/** A project whose program says its word, waits until the test opens the gate, and says it again. */
async function gatedProject(t: TestContext, script: string): Promise<Project & { open(): Promise<void> }> {
  const config = { sync: { include: ["*.sh", "word", "other"] }, run: ["sh", "main.sh"] };
  const files = { "devtool.config.json": JSON.stringify(config), "main.sh": script, word: "one\n" };
  const project = await makeProject(t, files);
  await rm(join(project.root, "devtool.config.ts"));
  execFileSync("mkfifo", [join(project.home, "gate")]);
  return { ...project, open: () => writeFile(join(project.home, "gate"), "\n") };
}

const GATED = 'echo "begin $(cat word)"; read line <~/gate; echo end\n';

function watch(t: TestContext, project: Project, ...flags: string[]): Devtool {
  return startDevtool(t, project, ["watch", "--json", "--target", "local", ...flags]);
}

async function says(devtool: Devtool, text: string): Promise<void> {
  for (let seen = ""; !seen.includes(text); ) {
    const event = await devtool.next("output");
    seen += "data" in event ? event.data : "";
  }
}

/** A watch whose events go to the project's `log`, and whose program passes on each word that is saved. */
async function logged(
  t: TestContext,
  pipeline: string,
): Promise<Project & { save(word: string): Promise<void>; changes(): Promise<unknown[]> }> {
  const config = '{"run":["sh","-c","cat word >~/gate"]}';
  const project = await makeProject(t, { "devtool.config.json": config, word: "none" });
  await rm(join(project.root, "devtool.config.ts"));
  const gate = join(project.home, "gate");
  execFileSync("mkfifo", [gate]);
  const child = spawn("sh", ["-c", `"$@" ${pipeline}`, "sh", ...DEVTOOL, "watch", "--json", "--target", "local"], {
    cwd: project.root,
    env: { ...process.env, HOME: project.home, XDG_CACHE_HOME: join(project.home, "cache") },
    detached: true,
    stdio: "ignore",
  });
  const ended = once(child, "close");
  afterTest(t, async () => {
    process.kill(-(child.pid ?? 0), "SIGKILL");
    await ended;
  });
  const passed = async (word: string) => {
    for (let read = ""; read !== word; ) read = await readFile(gate, "utf8");
  };
  const save = async (word: string) => {
    await project.write({ word });
    await passed(word);
  };
  const changes = async () => {
    const lines = (await readFile(join(project.root, "log"), "utf8")).split("\n");
    return lines.filter((line) => line.includes('"event":"changed"')).map((line) => JSON.parse(line).paths as unknown);
  };
  await passed("none");
  return { ...project, save, changes };
}

test("its own output, sent to a file of the project, calls for no round", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const { save, changes } = await logged(t, "> log");
  for (const word of ["one", "two"]) await save(word);
  assert.deepEqual(await changes(), [null, ["word"], ["word"]]);
});

test("a file of the project that another program writes its own output to calls for no more rounds once it has grown twice", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const { save, changes } = await logged(t, "| tee log");
  for (const word of ["one", "two", "three", "four", "five"]) await save(word);
  assert.deepEqual((await changes()).slice(-2), [["word"], ["word"]]);
});

test("--on-busy queue: a save while the program runs begins a round when it has ended", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const project = await gatedProject(t, GATED);
  const devtool = watch(t, project, "--on-busy", "queue");
  await says(devtool, "begin one\n");
  await project.write({ word: "two\n" });
  assert.match((await devtool.next("notice")).text, /the next round begins when it has ended/);
  await project.open();
  assert.equal((await devtool.next("exited")).code, 0);
  await says(devtool, "begin two\n");
});

test("--on-busy ignore: a save while the program runs begins none, and goes with the next save", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const project = await gatedProject(t, GATED);
  const devtool = watch(t, project, "--on-busy", "ignore");
  await says(devtool, "begin one\n");
  await project.write({ word: "two\n" });
  assert.match((await devtool.next("notice")).text, /goes with the next save/);
  await project.open();
  await devtool.next("exited");
  await project.write({ other: "" });
  const { paths } = await devtool.next("changed");
  assert.deepEqual([...(paths ?? [])].sort(), ["other", "word"]);
  await says(devtool, "begin two\n");
});

test("a program that does not end at once when it is to be started again is reported", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const project = await gatedProject(t, `trap 'read line <~/gate; exit' TERM\n${GATED}`);
  const devtool = watch(t, project);
  await says(devtool, "begin one\n");
  await project.write({ word: "two\n" });
  assert.match((await devtool.next("notice")).text, /still ending; it is killed 5 s after SIGTERM/);
  await project.open();
  await says(devtool, "begin two\n");
});

interface Terminal {
  type(text: string): void;
  shows(text: RegExp): Promise<void>;
  /** All that it was sent so far. */
  all(): string;
  readonly ended: Promise<number>;
}

function onTerminal(t: TestContext, project: Project, ...flags: string[]): Terminal {
  return commandOnTerminal(t, project, [...DEVTOOL, "watch", ...flags]);
}

/** On a terminal of its own (util-linux's script). */
function commandOnTerminal(t: TestContext, project: Project, command: readonly string[]): Terminal {
  const child = spawn("script", ["-qec", command.map((word) => `'${word}'`).join(" "), "/dev/null"], {
    cwd: project.root,
    env: { ...process.env, HOME: project.home, XDG_CACHE_HOME: join(project.home, "cache"), TERM: "xterm" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "close").then(([code]) => Number(code));
  afterTest(t, async () => {
    child.kill();
    await ended;
  });
  let [all, unseen] = ["", ""];
  let wake = () => {};
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    all += text;
    unseen += text;
    wake();
  });
  const shows = async (text: RegExp) => {
    for (;;) {
      const found = text.exec(unseen);
      if (found) {
        unseen = unseen.slice(found.index + found[0].length);
        return;
      }
      const more = new Promise<"more">((resolve) => {
        wake = () => resolve("more");
      });
      assert.equal(await Promise.race([more, ended]), "more", `devtool ended before ${text}: ${unseen}`);
    }
  };
  return { type: (text) => void child.stdin.write(text), shows, all: () => all, ended };
}

/** On the status line, which is dim. */
const PAUSED_LINE = new RegExp(`${"\x1b"}\\[2mdevtool: paused, p: go on, r: run again, q: quit${"\x1b"}\\[0m`);

test("on a terminal r runs again, p pauses and goes on, and q quits", async (t) => {
  if (!needs(t, lacks("rsync", "script"))) return;
  const project = await gatedProject(t, 'echo "ran $(cat word)"\n');
  const terminal = onTerminal(t, project, "--target", "local");
  await terminal.shows(/r: run again, p: pause, q: quit/);
  await terminal.shows(/ran one\r\n[\s\S]*ended with exit code 0/);
  terminal.type("r");
  await terminal.shows(/ran one\r\n[\s\S]*ended with exit code 0/);
  terminal.type("p");
  await terminal.shows(PAUSED_LINE);
  await project.write({ word: "two\n" });
  terminal.type("r");
  // A program's output and a round's line take its place for a moment.
  await terminal.shows(/ran two\r\n[\s\S]*ended with exit code 0/);
  await terminal.shows(PAUSED_LINE);
  await project.write({ word: "three\n" });
  terminal.type("p");
  await terminal.shows(/goes on[\s\S]*ran three/);
  await terminal.shows(/devtool: round \d+ · exit code 0, waiting for a save/);
  terminal.type("p");
  await terminal.shows(PAUSED_LINE);
  terminal.type("q");
  assert.equal(await terminal.ended, 0);
  const said = (await linesOf(terminal.all())).filter((line) => line.includes("paused"));
  assert.equal(said.length, 2, said.join("\n")); // once for each pause; the line itself is gone
});

/** Its program stays, and says its word, which a build copies once the test has opened the gate; "bad" fails. */
async function builtProject(t: TestContext): Promise<Project & { open(): Promise<void> }> {
  const project = await gatedProject(t, "");
  const build = [
    { command: ["sh", "-c", "grep -v bad word >found && read line <~/gate && cp found built"], inputs: ["word"] },
  ];
  const run = ["sh", "-c", "echo ran $(cat built); trap 'echo took TERM; exit' TERM; tail -f /dev/null & wait"];
  const config = JSON.stringify({ build, run, sync: { exclude: ["/built", "/found"] } });
  await project.write({ "devtool.config.json": config });
  return project;
}

test("a pause while something is built lets it be built, and the program is the new one", async (t) => {
  if (!needs(t, lacks("rsync", "script"))) return;
  const project = await builtProject(t);
  const terminal = onTerminal(t, project, "--target", "local");
  await project.open();
  await terminal.shows(/ran one/);
  await project.write({ word: "two\n" });
  await terminal.shows(/compiling/);
  terminal.type("p");
  await terminal.shows(/paused/);
  terminal.type("p");
  await terminal.shows(/goes on/);
  await project.open();
  await terminal.shows(/ran two/);
});

test("where a build fails, r leaves the program alone too; one that a save comes before is still wanted", async (t) => {
  if (!needs(t, lacks("rsync", "script"))) return;
  const project = await builtProject(t);
  const terminal = onTerminal(t, project, "--target", "local", "--on-busy", "queue");
  await project.open();
  await terminal.shows(/ran one/);
  await project.write({ word: "bad\n" });
  terminal.type("r");
  await terminal.shows(/failed with exit code 1\r\n/);
  await terminal.shows(/round \d+ · failed, waiting for a save · local · sh -c echo ran/);
  assert.doesNotMatch(terminal.all(), /took TERM\r/);
  await project.write({ word: "two\n" });
  terminal.type("r");
  await terminal.shows(/compiling/);
  await project.write({ word: "three\n" });
  await terminal.shows(/round \d+ · sending/);
  await project.open();
  await terminal.shows(/took TERM\r\n[\s\S]*ran three/);
});

test("a line on the terminal says what is being done, and stays in no line that the program prints", async (t) => {
  if (!needs(t, lacks("rsync", "script"))) return;
  const project = await gatedProject(t, 'printf "begin $(cat word), "; read line <~/gate; echo end\n');
  const terminal = onTerminal(t, project, "--target", "local");
  await terminal.shows(/devtool: round 1 · /);
  await terminal.shows(/begin one, /);
  await project.open();
  await terminal.shows(/end\r\n[\s\S]*devtool: round 1 · exit code 0, waiting for a save · local/);
  await project.write({ word: "two\n" });
  await project.open();
  await terminal.shows(/begin two, [\s\S]*devtool: round 2 · exit code 0/);
  terminal.type("q");
  await terminal.ended;
  const lines = await linesOf(terminal.all());
  for (const line of ["begin one, end", "begin two, end"]) assert.ok(lines.includes(line), lines.join("\n"));
  assert.ok(!lines.some((line) => line.includes("round")), lines.join("\n"));
});

/** What remains on the screen of xterm.js. */
async function linesOf(all: string): Promise<string[]> {
  const terminal = new xterm.Terminal({ cols: 80, rows: 24, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(all, resolve));
  const { active } = terminal.buffer;
  return Array.from({ length: active.length }, (_, row) => active.getLine(row)?.translateToString(true) ?? "");
}

test("a program that has the terminal, or that prints among events, has no such line beside it", async (t) => {
  if (!needs(t, lacks("rsync", "script"))) return;
  for (const flag of ["--interactive", "--json"]) {
    const project = await gatedProject(t, 'echo "begin $(cat word)"\n');
    const terminal = onTerminal(t, project, "--target", "local", flag);
    await terminal.shows(/begin one[\s\S]*(exited|ended with)/);
    terminal.type("\x03");
    await terminal.ended;
    assert.ok(!terminal.all().includes("\x1b7"), JSON.stringify(terminal.all()));
  }
});

test("a passphrase is typed before keys are keys, and q in it does not quit", async (t) => {
  if (!needs(t, lacks("rsync", "script", "sshd"))) return;
  const project = await gatedProject(t, 'echo "ran $(cat word)"\n');
  const sshd = await startSshd(t, { passphrase: "quite prickly" });
  const terminal = onTerminal(t, project, "--ssh-config", sshd.configFile, "--target", sshd.host);
  await terminal.shows(/Passphrase for .*: /);
  terminal.type("quite prickly\r");
  await terminal.shows(/q: quit[\s\S]*ran one/);
  terminal.type("q");
  assert.equal(await terminal.ended, 0);
});

test("that a program does not end at once is said after q too", async (t) => {
  if (!needs(t, lacks("rsync", "script"))) return;
  const project = await gatedProject(t, `trap 'read line <~/gate; exit' TERM\n${GATED}`);
  const terminal = onTerminal(t, project, "--target", "local");
  await terminal.shows(/begin one/);
  terminal.type("q");
  await terminal.shows(/still ending; it is killed 5 s after SIGTERM/);
  await project.open();
  assert.equal(await terminal.ended, 0);
});

test("Ctrl-C on the terminal ends watch", async (t) => {
  if (!needs(t, lacks("rsync", "script"))) return;
  const terminal = onTerminal(t, await gatedProject(t, "echo ran\n"), "--target", "local");
  await terminal.shows(/ran\r\n/);
  terminal.type("\x03");
  assert.equal(await terminal.ended, 130);
});

test("Ctrl-Z on the terminal stops watch, and keys are keys again once the shell lets it go on", async (t) => {
  if (!needs(t, lacks("rsync", "script", "bash"))) return;
  const watching = [...DEVTOOL, "watch", "--target", "local"];
  const shell = ["bash", "-c", 'set -m; "$@"; stty sane; echo stopped; fg', "-", ...watching];
  const terminal = commandOnTerminal(t, await gatedProject(t, 'echo "ran $(cat word)"\n'), shell);
  await terminal.shows(/q: quit[\s\S]*ran one\r\n[\s\S]*exit code 0/);
  terminal.type("\x1a");
  await terminal.shows(/stopped\r\n/);
  terminal.type("q");
  assert.equal(await terminal.ended, 0);
});

test("--interactive gives the program the terminal, and each round anew", async (t) => {
  if (!needs(t, lacks("rsync", "script"))) return;
  const script = 'test -t 0 && test -t 1 && echo "terminal for $(cat word)"; read line; echo "got $line"\n';
  const project = await gatedProject(t, script);
  const terminal = onTerminal(t, project, "--target", "local", "--interactive");
  await terminal.shows(/terminal for one\r\n/);
  terminal.type("quick\r");
  await terminal.shows(/got quick\r\n[\s\S]*ended with exit code 0/);
  await project.write({ word: "two\n" });
  await terminal.shows(/terminal for two\r\n/);
  terminal.type("again\r");
  await terminal.shows(/got again\r\n/);
});

test("while a program on another machine has the terminal, devtool's own lines begin at its left", async (t) => {
  if (!needs(t, lacks("rsync", "script", "sshd"))) return;
  const project = await gatedProject(t, 'echo "begin $(cat word)"; read line <~/gate\n');
  const { configFile, host } = await startSshd(t, { home: project.home });
  const terminal = onTerminal(t, project, "--ssh-config", configFile, "--target", host, "--interactive");
  await terminal.shows(/begin one\r\n/);
  await project.write({ word: "two\n" });
  await terminal.shows(/devtool: changed word\r\n[\s\S]*begin two\r\n/);
  assert.doesNotMatch(terminal.all(), /devtool: .*[^\r]\n/);
});
