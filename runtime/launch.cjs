// What Node.js runs first of the built program, whose modules are in several files, each as V8 compiled it when it was built:
// compiling takes twice as long as all else that a command does. bundle.mjs writes FILES before this, the file that has a module first.
const { readFileSync, statSync } = require("node:fs");
const { Script } = require("node:vm");

/** As in import.meta. Only yargs asks for the URL. */
const bundledFile = {
  path: __filename,
  get url() {
    return require("node:url").pathToFileURL(__filename).href;
  },
};
const definitions = { __proto__: null };
const modules = { __proto__: null };
load("./cli.js");

function load(id) {
  if (!(id in FILES)) return require(id);
  if (modules[id]) return modules[id].exports;
  if (!definitions[id]) define(FILES[id]);
  const module = { exports: {} };
  modules[id] = module;
  definitions[id](load, module, bundledFile);
  return module.exports;
}

/** A module that several files have is the same in each. */
function define(filename) {
  const source = `${__dirname}/${filename}`;
  const script = new Script(readFileSync(source, "latin1"), { filename, cachedData: compiled(source) });
  Object.assign(definitions, script.runInThisContext());
}

/** V8 refuses what another version of it compiled; but of the source, it compares the length only. */
function compiled(source) {
  try {
    if (statSync(`${source}.compiled`).mtimeMs >= statSync(source).mtimeMs) return readFileSync(`${source}.compiled`);
  } catch {
    // V8 compiles it anew.
  }
}
