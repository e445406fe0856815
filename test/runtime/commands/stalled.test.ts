import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  closeSync,
  constants,
  createReadStream,
  createWriteStream,
  openSync,
  readdirSync,
  readFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { eventLog } from "../../../runtime/events/record.ts";
import { written } from "../../rig/processes.ts";
import { faultyRegistry } from "../../rig/registry.ts";
import { detachedRig } from "../container/detached-rig.ts";
import { archive } from "../image/archive/archive.ts";
import { ociLayout } from "../image/layers/saved.ts";

const rig = await detachedRig({ after });
const { succeeds, left } = rig;
const MIB = 1_024 ** 2;
const FIFO = join(rig.directory, "fifo");
const ARCHIVE = archive({ name: "file", content: randomBytes(8 * MIB) });

const WRITING: readonly (readonly string[])[] = [
  ["save", "big:1"],
  ["save", "-o", FIFO, "big:1"],
  ["export", "c1"],
  ["export", "-o", FIFO, "c1"],
  ["cp", "c1:/", "-"],
];
const READING: readonly (readonly string[])[] = [
  ["load"],
  ["load", "-i", FIFO],
  ["import", "-", "new:1"],
  ["import", FIFO, "new:1"],
  ["image", "import", "new", "-"],
  ["image", "import", "new", FIFO],
  ["cp", "-", "c1:/"],
];

const LAYOUT = ociLayout({ layers: [archive({ name: "a" }), archive({ name: "b", content: "c" })] });
const SAVED = archive(...Object.entries(LAYOUT).map(([name, content]) => ({ name, content })));
const registry = await faultyRegistry({ after }, LAYOUT);

/** On which of its outputs, what it says in the log of events as soon as its work is done, and its input. */
const SAYING: readonly (readonly [words: readonly string[], fd: 1 | 2, event: string, input?: Buffer])[] = [
  [["pull", "--json", `${registry.host}/image`], 1, "pull"],
  [["load", "--json", "--name", "new:1"], 1, "load", SAVED],
  [["load", "--name", "new:2"], 2, "load", SAVED],
  [["import", "-", "new:3"], 1, "import", ARCHIVE],
  [["commit", "c1", "new:4"], 1, "commit"],
];

/** A pipe that takes no byte more, and that somebody may read. */
function fullPipe(): { readonly fd: number; close(): void } {
  const reader = openSync(FIFO, constants.O_RDWR | constants.O_NONBLOCK);
  const fd = openSync(FIFO, "w");
  try {
    for (;;) writeSync(reader, "x");
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, "EAGAIN");
  }
  return {
    fd,
    close: () => {
      closeSync(reader);
      closeSync(fd);
    },
  };
}

/** What the store has under way. */
const underWay = () =>
  ["layers", "images", "names"].flatMap((part) =>
    readdirSync(join(rig.root, part)).filter((name) => name.startsWith(".")),
  );

describe("where the other end of a pipe is stuck,", () => {
  before(async () => {
    execFileSync("mkfifo", [FIFO]);
    await succeeds("create", "--image", "box", "--network", "none", "c1", "true");
    // From then on it has files of its own.
    await succeeds("cp", "c1:/etc/passwd", join(rig.directory, "passwd"));
    await rig.run(["import", "-", "big:1"], { input: ARCHIVE });
  });
  after(() => succeeds("rm", "c1"));

  for (const words of WRITING) {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      it(`${words.join(" ")} ends at ${signal} at once, with nothing left behind`, async () => {
        const before = left();
        const child = rig.spawn(words, { stdio: ["ignore", "pipe", "inherit"] });
        const output = words.includes(FIFO) ? createReadStream(FIFO, { highWaterMark: 1 }) : child.stdout;
        assert.ok(output);
        await once(output, "readable");
        child.kill(signal);
        // "close" would wait for its output to be read.
        assert.deepEqual(await once(child, "exit"), [null, signal]);
        output.destroy();
        assert.deepEqual([left(), underWay()], [before, []]);
      });
    }
  }

  for (const words of READING) {
    it(`${words.join(" ")} ends at a signal at once, with nothing left behind`, async () => {
      const before = left();
      const child = rig.spawn(words, { stdio: ["pipe", "ignore", "inherit"] });
      assert.ok(child.stdin);
      const input = words.includes(FIFO) ? createWriteStream(FIFO) : child.stdin;
      // More than fits into the pipe: some of it was read.
      await new Promise((resolve) => input.write(ARCHIVE.subarray(0, 2 * MIB), resolve));
      child.kill("SIGTERM");
      assert.deepEqual(await once(child, "exit"), [null, "SIGTERM"]);
      input.destroy();
      assert.deepEqual([left(), underWay()], [before, []]);
    });
  }

  for (const [words, fd, event, input] of SAYING) {
    it(`${words.slice(0, 2).join(" ")} does its work, and ends at a signal at once`, async () => {
      const pipe = fullPipe();
      const log = eventLog(rig.root);
      const before = readFileSync(log, "utf8").length;
      const stdio = ["pipe", fd === 1 ? pipe.fd : "ignore", fd === 2 ? pipe.fd : "ignore"] as const;
      const child = rig.spawn(words, { stdio: [...stdio], env: registry.env });
      child.stdin?.end(input);
      await written(log, new RegExp(`^[^]{${before}}.*"action":"${event}"`));
      child.kill("SIGINT");
      assert.deepEqual(await once(child, "exit"), [null, "SIGINT"]);
      pipe.close();
      assert.deepEqual(underWay(), []);
    });
  }
});
