// What Node.js runs first of the built program, whose modules are in several files, each as V8 compiled it before: compiling takes
// twice as long as all else that a command does. bundle.mjs writes FILES before this, the file that has a module first.
const { accessSync, constants, readFileSync, renameSync, rmSync, statSync, writeFileSync } = require("node:fs");
const { Script } = require("node:vm");

/**
 * Of these commands, what one called is stored beside the program when it has ended: half of the functions that were compiled when
 * it was built are hardly called, and loading them takes a twentieth of a start.
 */
const LEARNT = ["run", "exec", "pull"];
const command = LEARNT.find((name) => name === process.argv[2]);
/** By their sources. */
const scripts = new Map();
let learns = false;

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
  const cachedData = (command && compiled(source, command)) ?? (mayLearn() ? undefined : compiled(source, "compiled"));
  const script = new Script(readFileSync(source, "latin1"), { filename, cachedData });
  scripts.set(source, script);
  if ((!cachedData || script.cachedDataRejected) && mayLearn()) learn();
  Object.assign(definitions, script.runInThisContext());
}

/** V8 refuses what another version of it compiled; but of the source, it compares the length only. */
function compiled(source, kind) {
  const path = `${source}.${kind}`;
  try {
    if (statSync(path).mtimeMs >= statSync(source).mtimeMs) return readFileSync(path);
  } catch {
    // V8 compiles it anew.
  }
}

function mayLearn() {
  if (!command) return false;
  try {
    accessSync(__dirname, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Stores all files, as this command may call more of one that was stored before. */
function learn() {
  if (learns) return;
  learns = true;
  process.on("exit", (code) => {
    // One that failed has not come far.
    if (code === 125) return;
    for (const [source, script] of scripts) store(`${source}.${command}`, script.createCachedData());
  });
}

/** By rename: another command may read it. */
function store(path, data) {
  const fresh = `${path}.${process.pid}`;
  try {
    writeFileSync(fresh, data, { flag: "wx" });
    renameSync(fresh, path);
  } catch {
    rmSync(fresh, { force: true });
  }
}
