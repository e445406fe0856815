// What Node.js runs first of the built program: the rest of it, as V8 compiled it when it was built. Compiling it at each start
// takes 14 ms, more than all that follows.
const { readFileSync, statSync } = require("node:fs");
const { Script } = require("node:vm");

const filename = "tinydocker-run.cjs";
const source = `${__dirname}/${filename}`;
const program = new Script(readFileSync(source, "latin1"), { filename, cachedData: compiled(`${source}.compiled`) });
program.runInThisContext()(require, source);

/** V8 refuses what another version of it compiled; but of the source, it compares the length only. */
function compiled(path) {
  try {
    if (statSync(path).mtimeMs >= statSync(source).mtimeMs) return readFileSync(path);
  } catch {
    // V8 compiles it anew.
  }
}
