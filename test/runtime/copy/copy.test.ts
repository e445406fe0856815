import assert from "node:assert/strict";
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { copy } from "../../../runtime/copy/copy.ts";
import { temporaryDirectory } from "../../rig/host.ts";

const GIB = 1_024 ** 3;

describe("a copy that takes long", () => {
  it("ends when it is aborted, without a part of a file", async (t) => {
    const directory = await temporaryDirectory(t);
    mkdirSync(join(directory, "from"));
    mkdirSync(join(directory, "to"));
    writeFileSync(join(directory, "from/large"), "");
    truncateSync(join(directory, "from/large"), 8 * GIB);
    const place = openSync(directory, "r");
    t.after(() => closeSync(place));
    const stop = new AbortController();
    setImmediate(() => stop.abort(new Error("enough")));
    const options = { keepOwners: false, progress: () => {}, signal: stop.signal };
    const copied = copy({ directory: place, name: "from" }, { directory: place, name: "to" }, options);
    await assert.rejects(copied, /enough/);
    assert.deepEqual(readdirSync(join(directory, "to")), []);
  });
});

describe("a file of several names", () => {
  it("is copied again where another process puts a link in the place of what was copied", async (t) => {
    const directory = await temporaryDirectory(t);
    for (const name of ["from/a", "from/b", "outside"]) mkdirSync(join(directory, name), { recursive: true });
    writeFileSync(join(directory, "from/a/file"), "own");
    linkSync(join(directory, "from/a/file"), join(directory, "from/b/file"));
    writeFileSync(join(directory, "outside/file"), "other");
    const [target, place] = [join(directory, "to"), openSync(directory, "r")];
    t.after(() => closeSync(place));
    const progress = () => {
      const [made = "", ...more] = readdirSync(target);
      if (more.length > 0) return;
      renameSync(join(target, made), join(directory, "away"));
      symlinkSync("../outside", join(target, made));
    };
    const options = { keepOwners: false, progress, signal: new AbortController().signal };
    await copy({ directory: place, name: "from" }, { directory: place, name: "to" }, options);
    assert.deepEqual(
      ["outside/file", "away/file"].map((name) => statSync(join(directory, name)).nlink),
      [1, 1],
    );
  });
});
