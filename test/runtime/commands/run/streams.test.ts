import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { constants, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { traces } from "../../../rig/leaks.ts";
import { importBusybox, tinydocker } from "../../../rig/tinydocker.ts";
import { terminals } from "../terminals.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);
const session = terminals(rig, { after });
const clean = traces(rig.root, "c1");
const run = (...words: string[]) => ["run", "--image", "box", ...words];
const shell = (script: string) => ["sh", "-c", script, "sh"];
const file = (name: string) => join(rig.directory, name);
const contentOf = (name: string) => readFileSync(file(name), "utf8");
/** What the command has as 0, 1 and 2. */
const KINDS = "for fd in 0 1 2; do readlink /proc/self/fd/$fd; done";

describe("at a terminal", () => {
  it("a command gets no terminal when its error output is redirected", async () => {
    const person = session(run("c1", "sh", "-c", "tty; echo wrong >&2"), shell(`exec "$@" 2>${file("err.log")}`));
    assert.equal((await person.ended).stdout, "not a tty\r\n");
    assert.equal(contentOf("err.log"), "wrong\n");
  });

  it("a command in the background runs to its end, and reads nothing", async () => {
    const person = session(run("c1", "sh", "-c", "cat; echo ran"), shell('set -m; "$@" & wait $!; echo code $?'));
    await person.shows("ran");
    await person.shows("code 0");
    assert.equal((await person.ended).code, 0);
  });

  it("no descriptor of a command is the caller's terminal", async () => {
    const person = session(run("c1", "sh", "-c", `${KINDS} >&2`), shell('echo x | "$@" | cat'));
    const { stdout } = await person.ended;
    assert.equal(stdout.replaceAll(/\d+/g, "N"), "pipe:[N]\r\n".repeat(3));
  });

  it("a command without a terminal reads what is typed, until Ctrl-D", async () => {
    const person = session(run("c1", "sh", "-c", "echo ready; cat"), shell(`exec "$@" | tee ${file("typed")}`));
    await person.shows("ready");
    person.type("one\n\x04");
    assert.equal((await person.ended).code, 0);
    assert.equal(contentOf("typed"), "ready\none\n");
  });

  it("-i alone gives standard input and no terminal", async () => {
    const person = session(run("-i", "c1", "sh", "-c", "tty; cat"));
    await person.shows("not a tty");
    person.type("x\n\x04");
    assert.equal((await person.ended).code, 0);
  });

  it("-t alone gives a terminal on which nothing can be typed, and Ctrl-C ends the command", async () => {
    const person = session(run("-t", "c1", "busybox", "tail", "-f", "/proc/version"));
    await person.shows("Linux version");
    person.type("x\n\x03");
    assert.equal((await person.ended).code, 130);
    assert.deepEqual(traces(rig.root, "c1"), clean);
  });

  it("-it gives a terminal in the caller's size, also when output is redirected", async () => {
    const person = session(run("-it", "c1", "sh", "-c", "tty; stty size"), shell('"$@" 2>/dev/null | cat'));
    await person.shows("/dev/pts/0");
    await person.shows("24 80");
    assert.equal((await person.ended).code, 0);
  });
});

describe("without a terminal", () => {
  it("-i passes standard input, and without it, once one of the options is given, there is none", async () => {
    assert.equal((await rig.run(run("-i", "c1", "cat"), { input: "x" })).stdout, "x");
    assert.equal((await rig.run(run("-i=false", "c1", "cat"), { input: "x" })).stdout, "");
    assert.equal((await rig.run(run("c1", "cat"), { input: "x" })).stdout, "x");
  });

  it("-a passes the streams it names, and no others", async () => {
    const both = ["c1", "sh", "-c", "cat; echo out; echo err >&2"];
    const input = "in\n";
    const { stdout, stderr } = await rig.run(run("-a", "STDERR", ...both), { input });
    assert.deepEqual([stdout, stderr], ["", "err\n"]);
    assert.equal((await rig.run(run("-a", "stdin", "-a", "stdout", ...both), { input })).stdout, "in\nout\n");
  });

  it("-t gives one all the same, and -it is refused", async () => {
    assert.equal((await rig.run(run("-t", "c1", "tty"), { input: "x" })).stdout, "/dev/pts/0\r\n");
    const { code, stderr } = await rig.run(run("-it", "c1", "tty"));
    assert.equal(code, 125);
    assert.match(stderr, /-i and -t are given, and standard input is not a terminal\n {2}leave -t out/);
    assert.match((await rig.run(run("-a", "log", "c1", "tty"))).stderr, /-a takes stdin, stdout or stderr, not "log"/);
  });
});

describe("/dev/stdout and its like", () => {
  const script = "echo out >/dev/stdout; echo err >/dev/stderr; cat /dev/stdin";

  for (const user of ["root", "ann"]) {
    it(`can be opened by the user ${user}: pipes`, async () => {
      const prefix = shell('echo in | "$@" 2>&1 | cat');
      const { stdout } = await rig.run(run("-u", user, "c1", "sh", "-c", script), { prefix });
      assert.equal(stdout, "out\nerr\nin\n");
    });

    it(`can be opened by the user ${user}: sockets, as Node.js gives a child`, async () => {
      const { stdout, stderr } = await rig.run(run("-u", user, "c1", "sh", "-c", script), { input: "in\n" });
      assert.deepEqual([stdout, stderr], ["out\nin\n", "err\n"]);
    });

    it(`can be opened by the user ${user}: a pipe with a name`, async () => {
      const name = file(`pipe-${user}`);
      execFileSync("mkfifo", ["-m", "600", name]);
      const prefix = shell(`cat ${name} & "$@" >${name} 2>&1; wait`);
      const { stdout } = await rig.run(run("-u", user, "c1", "sh", "-c", script), { prefix, input: "in\n" });
      assert.equal(stdout, "out\nerr\nin\n");
    });
  }

  it("can be opened by another user: a file, whose owner and what was in it stay", async () => {
    const log = file("log");
    const input = file("input");
    const words = `umask 077; echo in >${input}; echo before >${log}; "$@" >>${log} 2>&1 <${input}`;
    const prefix = shell(`${words}; echo $?; stat -c %u ${log}`);
    const { stdout } = await rig.run(run("-u", "ann", "c1", "sh", "-c", script), { prefix });
    assert.equal(stdout, "0\n0\n");
    assert.equal(contentOf("log"), "before\nout\nerr\nin\n");
  });

  it("are as blocking for a command as they were for tinydocker, so that nothing is lost when a reader is slow", async () => {
    const script = "grep flags /proc/self/fdinfo/0 /proc/self/fdinfo/1; grep flags /proc/self/fdinfo/2";
    for (const options of [[], ["--explain"], ["-i"], ["-a", "stdout"]]) {
      const prefix = shell('cat /dev/null | "$@" 2>&1 | cat');
      const { stdout } = await rig.run(run(...options, "c1", "sh", "-c", script), { prefix });
      const flags = [...stdout.matchAll(/flags:\t(\d+)/g)].map(([, octal = ""]) => Number.parseInt(octal, 8));
      assert.equal(flags.length, 3, stdout);
      for (const flag of flags) assert.equal(flag & constants.O_NONBLOCK, 0, `${options} ${stdout}`);
    }
  });

  it("whose reader is gone end a command that goes on writing", async () => {
    const prefix = shell('"$@" | head -n 1');
    const { stdout } = await rig.run(run("-u", "ann", "c1", "busybox", "yes"), { prefix });
    assert.equal(stdout, "y\n");
    const child = rig.spawn(run("c1", "busybox", "yes"));
    child.stdout?.once("data", () => child.stdout?.destroy());
    const code = await new Promise((settle) => child.once("exit", settle));
    // The kernel sends no SIGPIPE to pid 1, which sees the error.
    assert.equal(code, 1);
    assert.deepEqual(traces(rig.root, "c1"), clean);
  });
});
