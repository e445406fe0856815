import assert from "node:assert/strict";
import { closeSync, mkdirSync, openSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
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
