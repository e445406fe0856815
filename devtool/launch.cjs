#!/usr/bin/env -S node --
// What Node.js runs first of the built devtool: cli.ts as V8 compiled it when it was built. bundle.mjs makes it.
const { readFileSync, statSync } = require("node:fs");
const { Script } = require("node:vm");

const filename = `${__dirname}/devtool-cli.cjs`;
const script = new Script(readFileSync(filename, "latin1"), { filename, cachedData: compiled() });
script.runInThisContext()(require, (name) => import(name), __dirname);

/** V8 refuses what another version of it compiled; but of the source, it compares the length only. */
function compiled() {
  try {
    if (statSync(`${filename}.compiled`).mtimeMs >= statSync(filename).mtimeMs)
      return readFileSync(`${filename}.compiled`);
  } catch {
    // V8 compiles it anew.
  }
}
