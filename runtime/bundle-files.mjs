// Which modules of the program are in which file of dist/: what a command needs is in as few as can be, with little else.
import { basename, join, resolve } from "node:path";

const ENTRY = sourceOf("cli");
/** It imports the module of each verb when that is asked for. What so many verbs need is in its own file. */
const VERBS = sourceOf("commands/verbs/run-verb");
const SHARED_BY_MIN = 6;
/** What is imported later than by the entry, and often. */
const OFTEN = ["run", "exec", "undo", "pull", "fetch"];

/**
 * What is loaded at the first call of a function, by the name of a file: what hardly a start calls, and what only containers with
 * a network need. These modules export functions only. The words for failures are not among them: there may be no descriptor
 * left to open a file.
 */
const APART = {
  network: [
    "container/network/join",
    "host/network/netlink",
    "network/netlink/address",
    "network/netlink/link",
    "network/subnets",
    "resources/bridge",
    "resources/lease",
  ],
  rare: [
    "commands/options/line-file",
    "explain/preparations",
    "explain/strace",
    "host/root-entries",
    "network/iptables",
    "seccomp/docker-rules",
    "seccomp/filter",
    "spec/mount-requests/mount",
    "spec/mount-requests/tmpfs",
  ],
};
/** By their sources. */
const APART_IDS = new Map(
  Object.values(APART).flatMap((names) => names.map((name) => [sourceOf(name), `./${basename(name)}.js`])),
);
/** Whoever loads those has one of these files already. */
const BEFORE = ["run", "exec", "run-verb", "undo"];

export const ENTRIES = [ENTRY, ...APART_IDS.keys()];

/** undefined: it is loaded with what imports it. */
export function idApart(source) {
  return APART_IDS.get(source);
}

export function isApart(id) {
  return [...APART_IDS.values()].includes(id);
}

function sourceOf(name) {
  return join(import.meta.dirname, `${name}.ts`);
}

/** As the modules import each other. */
export function idOf(path) {
  return `./${basename(path)}`;
}

/** What V8 makes of a file is twice as long as the file: stored for what is started often. */
export function isCompiled(name) {
  return ["cli", "run-verb", "network", ...OFTEN].includes(name) || name.startsWith("verb-");
}

/** Pairs of a name and the modules' ids, from esbuild's metafile. A module that several have is looked for in the first one. */
export function filesOf(outputs) {
  const cli = outputOf(outputs, ENTRY);
  const always = needs(outputs, [cli]);
  const file = (name, paths, present = []) => [name, without(needs(outputs, paths), [...always, ...present])];
  const often = Object.keys(outputs).filter((path) => OFTEN.includes(nameOf(outputs, path)));
  const asked = without(new Set([...importedLater(outputs, cli), ...often]), [outputOf(outputs, VERBS)]);
  const verbs = importedLater(outputs, outputOf(outputs, VERBS));
  const shared = file("run-verb", [outputOf(outputs, VERBS), ...neededByMany(outputs, verbs)]);
  const commands = [...asked.map((path) => file(nameOf(outputs, path), [path])), shared];
  const files = [
    ["cli", [...always]],
    ...verbs.map((path) => file(`verb-${nameOf(outputs, path)}`, [path], shared[1])),
    ...commands,
    ...Object.entries(APART).map(([name, modules]) =>
      file(
        name,
        modules.map((module) => outputOf(outputs, sourceOf(module))),
        inEach(commands),
      ),
    ),
  ];
  const later = without(
    Object.keys(outputs),
    files.flatMap(([, paths]) => paths),
  );
  return [...files, ["later", later]].map(([name, paths]) => [name, paths.map(idOf)]);
}

function inEach(commands) {
  const [first, ...others] = commands.filter(([name]) => BEFORE.includes(name)).map(([, paths]) => paths);
  return first.filter((path) => others.every((paths) => paths.includes(path)));
}

function neededByMany(outputs, verbs) {
  const each = verbs.map((path) => needs(outputs, [path]));
  return Object.keys(outputs).filter((path) => each.filter((paths) => paths.has(path)).length >= SHARED_BY_MIN);
}

function outputOf(outputs, source) {
  return Object.keys(outputs).find((path) => resolve(outputs[path].entryPoint ?? "") === source);
}

function nameOf(outputs, path) {
  return basename(outputs[path].entryPoint ?? "", ".ts");
}

function importedLater(outputs, path) {
  return outputs[path].imports.filter(({ kind }) => kind === "dynamic-import").map((one) => one.path);
}

/** Those at these paths with all that they import at once. */
function needs(outputs, paths, found = new Set()) {
  for (const path of paths) {
    if (found.has(path) || !outputs[path]) continue;
    found.add(path);
    const imports = outputs[path].imports.filter(({ kind }) => kind === "import-statement");
    needs(
      outputs,
      imports.map((one) => one.path),
      found,
    );
  }
  return found;
}

function without(paths, present) {
  const there = new Set(present);
  return [...paths].filter((path) => !there.has(path));
}
