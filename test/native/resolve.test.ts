import assert from "node:assert/strict";
import { closeSync, mkdirSync, openSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openShim } from "../../runtime/host/shim.ts";
import fc from "../rig/fast-check.ts";
import { needs, temporaryDirectory } from "../rig/host.ts";
import { NAMESPACES, plainPlan, plainRoot } from "./plans.ts";

const NAMES = ["a", "b", "c"];
const RUNS = 150;
const LINKS_MAX = 40;

/** What is at a path: a directory, a file, or a symlink with its target. */
type Tree = Map<string, "directory" | "file" | { readonly target: string }>;

const part = fc.constantFrom(...NAMES, ...NAMES, "..", ".");
const target = fc
  .tuple(fc.boolean(), fc.array(part, { minLength: 1, maxLength: 4 }))
  .map(([absolute, parts]) => `${absolute ? "/" : ""}${parts.join("/")}`);
const kind = fc.oneof(
  fc.constant("directory" as const),
  fc.constant("file" as const),
  target.map((target) => ({ target })),
);
const place = fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }).map((parts) => `/${parts.join("/")}`);
const tree = fc.array(fc.tuple(place, kind), { maxLength: 8 }).map(treeOf);
const asked = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => `/${parts.join("/")}`);

/** Each entry whose parent is a directory. */
function treeOf(entries: readonly (readonly [string, "directory" | "file" | { readonly target: string }])[]): Tree {
  const made: Tree = new Map();
  for (const [path, what] of [...entries].sort(([one], [other]) => one.length - other.length)) {
    const parent = path.slice(0, path.lastIndexOf("/"));
    if (!made.has(path) && (parent === "" || made.get(parent) === "directory")) made.set(path, what);
  }
  return made;
}

/** Makes what is missing on the way to `path` and at its end; returns the errno of what is in the way. */
function expected(tree: Tree, path: string, wanted: "directory" | "file"): string | undefined {
  const left = path.split("/").filter(Boolean);
  const at: string[] = [];
  for (let links = 0, name = left.shift(); name !== undefined; name = left.shift()) {
    const need = left.length > 0 ? "directory" : wanted;
    if (name === "..") at.pop();
    else if (name !== ".") at.push(name);
    const here = `/${at.join("/")}`;
    const found = at.length === 0 ? "directory" : tree.get(here);
    if (found === undefined) tree.set(here, need);
    else if (typeof found === "object") {
      if (++links > LINKS_MAX) return "ELOOP";
      at.splice(found.target.startsWith("/") ? 0 : at.length - 1);
      left.unshift(...found.target.split("/").filter(Boolean));
      if (left.length === 0) return need === "directory" ? undefined : "EISDIR";
    } else if (found !== need) return need === "directory" ? "ENOTDIR" : "EISDIR";
  }
  return undefined;
}

function write(root: string, tree: Tree): void {
  for (const name of NAMES) rmSync(join(root, name), { recursive: true, force: true });
  for (const [path, what] of tree) {
    if (what === "directory") mkdirSync(join(root, path));
    else if (what === "file") writeFileSync(join(root, path), "");
    else symlinkSync(what.target, join(root, path));
  }
}

function read(root: string): Tree {
  const found: Tree = new Map();
  const visit = (path: string) => {
    for (const entry of readdirSync(join(root, path), { withFileTypes: true })) {
      const child = `${path}/${entry.name}`;
      if (path === "" && !NAMES.includes(entry.name)) continue;
      if (entry.isSymbolicLink()) found.set(child, { target: readlinkSync(join(root, child)) });
      else found.set(child, entry.isDirectory() ? "directory" : "file");
      if (entry.isDirectory()) visit(child);
    }
  };
  visit("");
  return found;
}

test("a path is made where it leads inside the root, through any symlinks, and nothing else is", async (t) => {
  if (!needs(t, process.geteuid?.() === 0 ? undefined : "root")) return;
  const root = await plainRoot(join(await temporaryDirectory({ after }), "root"));
  const shim = await openShim();
  const devNull = openSync("/dev/null", "r+");
  t.after(() => closeSync(devNull));
  /** The errno of the step that failed. */
  const run = (path: string, wanted: "directory" | "file") =>
    new Promise<string | undefined>((resolve) => {
      const reason = "target";
      const step =
        wanted === "directory"
          ? ({ op: "MKDIR", mode: 0o755, path, reason } as const)
          : ({ op: "TOUCH", mode: 0o644, path, reason } as const);
      const spawned = shim.spawn({
        plan: plainPlan({ root, args: ["true"], more: [step] }),
        namespaces: NAMESPACES,
        stdio: [devNull, devNull, devNull],
        lock: -1,
        identity: { uid: 0, gid: 0 },
        terminal: false,
      });
      assert.ok(!("errno" in spawned));
      let failed: number | undefined;
      shim.listen(spawned.container, (event) => {
        if (event.kind === "failed") failed = event.errno;
        if (event.kind !== "exited") return;
        shim.close(spawned.pidfd);
        resolve(Object.entries(constants.errno).find(([, number]) => number === failed)?.[0]);
      });
    });
  await fc.assert(
    fc.asyncProperty(
      tree,
      asked,
      fc.constantFrom("directory" as const, "file" as const),
      async (tree, path, wanted) => {
        write(root, tree);
        const made: Tree = new Map(tree);
        const error = expected(made, path, wanted);
        assert.equal(await run(path, wanted), error);
        // What was made before the obstacle may stay.
        if (error === undefined) assert.deepEqual(read(root), made);
      },
    ),
    { numRuns: RUNS },
  );
});
