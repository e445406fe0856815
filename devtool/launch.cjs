#!/usr/bin/env -S node --
// What Node.js runs first of the built devtool: cli.ts, then main.ts, as V8 compiled them when they were built. bundle.mjs makes them.
const { readFileSync, statSync } = require("node:fs");
const { Script } = require("node:vm");

run("cli");

function run(name) {
  const filename = `${__dirname}/devtool-${name}.cjs`;
  const script = new Script(readFileSync(filename, "latin1"), { filename, cachedData: compiled(filename) });
  const module = { exports: {} };
  script.runInThisContext()(require, load, __dirname, module);
  return module.exports;
}

async function load(id) {
  return id === "./main.js" ? run("main") : await import(id);
}

/** V8 refuses what another version of it compiled; but of the source, it compares the length only. */
function compiled(filename) {
  try {
    if (statSync(`${filename}.compiled`).mtimeMs >= statSync(filename).mtimeMs)
      return readFileSync(`${filename}.compiled`);
  } catch {
    // V8 compiles it anew.
  }
}
