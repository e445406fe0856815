import { Failure } from "../../failure.ts";
import type { Tree } from "./tree.ts";

/** Where a package is put: below node_modules, posix. */
export type Layout = ReadonlyMap<string, string>;

/** A folder in which Node.js looks: the one of a placed package, or the outermost. */
interface Level {
  /** Empty for the outermost. */
  readonly path: string;
  readonly parent: Level | undefined;
  /** Name → directory of what is placed in its node_modules. */
  readonly placed: Map<string, string>;
  /** Names that were looked up through it, and found further out or nowhere: placing one here would hide that. */
  readonly passed: Set<string>;
}

/** Several versions that need each other in a circle would be nested without end. */
const PLACES_PER_PACKAGE_MAX = 50;

/**
 * Nests packages so that Node.js finds from each of them what it finds here. `roots` are the outermost ones, by the
 * name that they are imported by. @throws Failure where no folders can do that
 */
export function layOut(roots: ReadonlyMap<string, string>, tree: Tree): Layout {
  const layout = new Map<string, string>();
  const outermost: Level = { path: "", parent: undefined, placed: new Map(), passed: new Set() };
  const waiting: { readonly level: Level; readonly directory: string }[] = [];
  const place = (name: string, directory: string, at: Level) => {
    const path = at.path === "" ? name : `${at.path}/node_modules/${name}`;
    at.placed.set(name, directory);
    layout.set(path, directory);
    waiting.push({ level: { path, parent: at, placed: new Map(), passed: new Set() }, directory });
  };
  for (const [name, directory] of roots) place(name, directory, outermost);
  // Breadth first: what a package itself depends on is placed before anything below it looks further out.
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { level, directory } = next;
    for (const [name, wanted] of tree.get(directory)?.dependencies ?? []) {
      const levels = outwards(level);
      const found = levels.findIndex(({ placed }) => placed.has(name));
      const isRight = found >= 0 && levels[found]?.placed.get(name) === wanted;
      const inner = found < 0 ? levels : levels.slice(0, found);
      if (wanted === undefined || isRight) {
        for (const { passed } of inner) passed.add(name);
        continue;
      }
      const at = inner.findLastIndex(({ passed }) => !passed.has(name));
      if (layout.size > PLACES_PER_PACKAGE_MAX * tree.size) throw endless(name, directory);
      place(name, wanted, inner[at] ?? level);
      for (const { passed } of inner.slice(0, at)) passed.add(name);
    }
  }
  return layout;
}

function outwards(level: Level): Level[] {
  const levels: Level[] = [];
  for (let at: Level | undefined = level; at; at = at.parent) levels.push(at);
  return levels;
}

function endless(name: string, directory: string): Failure {
  return new Failure(`several versions of ${name} and of what it needs depend on each other, seen from ${directory}`, {
    code: "package-unavailable",
    remedy: "install one version of them (npm dedupe), or leave the package out of bundle.addons",
  });
}
