import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { importBusybox, outcomeOf, tinydocker } from "../../rig/tinydocker.ts";
import { terminals } from "./terminals.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);
const session = terminals(rig, { after });
const box = (...words: string[]) => ["run", "--image", "box", ...words];
const run = (...words: string[]) => rig.run(box(...words));
const printed = async (...words: string[]) => {
  const { code, stdout, stderr } = await run(...words);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
};

describe("docker's words", () => {
  it("name the container, its host and its program, and say that it is removed", async () => {
    assert.equal(await printed("--rm", "--name", "c1", "-h", "other", "--entrypoint=echo", "--", "-n", "x"), "x");
    assert.equal(await printed("--rm=true", "--name=c1", "-hother", "hostname"), "other\n");
  });

  it("take variables from a file", async () => {
    const file = join(rig.directory, "env");
    await writeFile(file, "# comment\nA=from the file\nB=2\nNONE\n");
    const { stdout } = await rig.run(box("--env-file", file, "-e=B=3", "c1", "env"), { env: { NONE: undefined } });
    assert.deepEqual(
      stdout.split("\n").filter((line) => /^(A|B|NONE)=/.test(line)),
      ["A=from the file", "B=3"],
    );
  });

  it("add groups by number or by the image's name", async () => {
    assert.equal(await printed("--group-add", "wheel", "--group-add=77", "c1", "id", "-G"), "0 10 77\n");
    assert.equal(await printed("-u", "ann", "--group-add", "10", "--group-add", "5", "c1", "id", "-G"), "1001 5 10\n");
    assert.equal(await printed("-u", "1000:5", "--group-add", "wheel", "c1", "id", "-G"), "5 10\n");
    assert.match(
      (await run("--group-add", "nosuch", "c1", "id")).stderr,
      /can't add the group "nosuch": the image has no group nosuch\n {2}use --group-add/,
    );
  });

  it("take an empty user, directory and host name for those that the image and the name give", async () => {
    assert.equal(await printed("-u", "", "-w", "", "-h", "", "c1", "sh", "-c", "id -u; pwd; hostname"), "0\n/\nc1\n");
  });

  it("limit open files, for a program that opens none, to none", async () => {
    assert.equal(await printed("--ulimit", "nofile=0", "c1", "echo", "x"), "x\n");
    assert.equal(await printed("--ulimit", "nofile=1", "--init", "c1", "echo", "x"), "x\n");
    const { code, stderr } = await run("--ulimit", "nofile=2000000000", "c1", "true");
    assert.equal(code, 125);
    assert.match(stderr, /EPERM[^\n]*\n {2}[^\n]*fs\.nr_open/);
  });

  it("ask for the version", async () => {
    for (const words of [["--version"], ["-v"], ["version"]])
      assert.match((await rig.run(words)).stdout, /^\d+\.\d+\.\d+\n$/, words[0]);
  });

  it("limit memory below what a program needs to begin, which is said of it by name", async () => {
    const { code, stderr } = await run("--ulimit", "data=0", "c1", "echo", "x");
    assert.deepEqual(
      [code, stderr],
      [
        125,
        "tinydocker: can't run echo: ENOMEM, not enough memory\n  let it have more memory: see -m, and data and stack of --ulimit\n",
      ],
    );
  });

  it("that are not here are refused with what to do instead", async () => {
    const { code, stderr } = await run("--gpus=all", "c1", "true");
    assert.equal(code, 125);
    assert.match(stderr, /tinydocker run has no --gpus\n {2}give the devices with --device/);
    for (const [words, message] of [
      [["build", "."], /tinydocker has no command build\n {2}build it with docker or buildah/],
      [["image", "build", "."], /tinydocker has no command image build\n {2}build it with docker or buildah/],
      [["search", "x"], /tinydocker has no command search\n {2}look for images/],
      [["-H", "unix:///run/docker.sock", "ps"], /tinydocker has no -H\n {2}leave it out: there is no server/],
      [["--context=other", "ps"], /tinydocker has no --context\n {2}leave it out: there is no server/],
      [["-D", "ps"], /tinydocker has no -D\n {2}leave it out: tinydocker has no log/],
      [["--config", "/x", "pull", "y"], /tinydocker has no --config\n {2}DOCKER_CONFIG=DIR/],
      [["compose", "up"], /tinydocker has no command compose\n {2}start each container with/],
    ] as const) {
      const outcome = await rig.run(words);
      assert.equal(outcome.code, 125);
      assert.match(outcome.stderr, message);
    }
    assert.match((await run("--priviledged", "c1", "true")).stderr, /did you mean --privileged\?\n/);
  });
});

describe("--init", () => {
  it("starts the command below a process that reaps what the command leaves", async () => {
    const script =
      'orphan=$(sh -c "busybox true >/dev/null & echo \\$!"); while [ -d /proc/$orphan ]; do :; done; echo $$ $PPID; exit 7';
    const { code, stdout, stderr } = await run("--init", "c1", "sh", "-c", script);
    assert.deepEqual({ code, stdout, stderr }, { code: 7, stdout: "2 1\n", stderr: "" });
  });

  it("lets a signal end a command that does not handle it, and passes others on", async () => {
    for (const [script, signal, expected] of [
      ["echo ready; exec busybox tail -f /dev/null", "SIGTERM", 143],
      ["busybox tail -f /dev/null & trap 'exit 9' USR1; echo ready; wait", "SIGUSR1", 9],
    ] as const) {
      const child = rig.spawn(box("--init", "c1", "sh", "-c", script));
      const outcome = outcomeOf(child);
      await once(child.stdout as NodeJS.ReadableStream, "data");
      child.kill(signal);
      assert.equal((await outcome).code, expected);
    }
  });

  it("leaves the keys of a terminal to the command", async () => {
    const script = "trap 'echo once; exit 4' INT; echo ready; busybox tail -f /dev/null & wait";
    const person = session(box("--init", "c1", "sh", "-c", script));
    await person.shows("ready");
    person.type("\x03");
    const { code, stdout } = await person.ended;
    assert.equal(code, 4);
    assert.equal(stdout.match(/once/g)?.length, 1);
  });

  it("reports a command that can't be run as without it", async () => {
    const { code, stderr } = await run("--init", "c1", "nosuch");
    assert.equal(code, 127);
    assert.match(stderr, /there is no command nosuch in the PATH of the image box\n/);
  });

  it("is explained", async () => {
    assert.match((await run("--init", "--explain", "c1", "true")).stderr, /as requested with --init[^\n]*\n/);
  });
});
