import assert from "node:assert/strict";
import { test } from "node:test";
import { type Layout, layOut } from "../../../../devtool/bundle/addons/layout.ts";
import type { Installed } from "../../../../devtool/bundle/addons/tree.ts";
import { Failure } from "../../../../devtool/failure.ts";
import fc from "../../../rig/fast-check.ts";

/** Directory → what Node.js finds from it; a directory is `name version`. */
type Graph = Readonly<Record<string, readonly string[]>>;

const nameOf = (directory: string) => directory.split(" ")[0] ?? "";

function treeOf(graph: Graph): Map<string, Installed> {
  const installed = Object.entries(graph).map(([directory, found]): [string, Installed] => [
    directory,
    { directory, manifest: {}, dependencies: new Map(found.map((to) => [nameOf(to), to])) },
  ]);
  return new Map(installed);
}

/** As Node.js does: in the package's own node_modules, then in each further out. */
function resolve(layout: Layout, from: string, name: string): string | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf("/node_modules/")))) {
    const found = layout.get(at === "" ? name : `${at}/node_modules/${name}`);
    if (found !== undefined || at === "") return found;
  }
}

function laidOut(roots: readonly string[], graph: Graph): string[] {
  const layout = layOut(new Map(roots.map((directory) => [nameOf(directory), directory])), treeOf(graph));
  return [...layout].map(([path, directory]) => `${path.replaceAll("/node_modules/", " > ")}: ${directory}`);
}

const CASES: readonly (readonly [string, readonly string[], Graph, readonly string[]])[] = [
  [
    "one version is shared",
    ["a 1", "b 1"],
    { "a 1": ["c 1"], "b 1": ["c 1"], "c 1": [] },
    ["a: a 1", "b: b 1", "c: c 1"],
  ],
  [
    "a second version is nested in what needs it",
    ["a 1", "b 1"],
    { "a 1": ["c 1"], "b 1": ["c 2"], "c 1": [], "c 2": [] },
    ["a: a 1", "b: b 1", "c: c 1", "b > c: c 2"],
  ],
  [
    "what is nested shares what its parent has",
    ["a 1", "c 1"],
    { "a 1": ["c 2", "d 1"], "c 1": [], "c 2": ["d 1", "e 1"], "d 1": ["c 2"], "e 1": [] },
    ["a: a 1", "c: c 1", "a > c: c 2", "d: d 1", "e: e 1", "d > c: c 2"],
  ],
  ["a circle ends", ["a 1"], { "a 1": ["b 1"], "b 1": ["a 1"] }, ["a: a 1", "b: b 1"]],
];

for (const [title, roots, graph, expected] of CASES)
  test(`packages laid out: ${title}`, () => assert.deepEqual(laidOut(roots, graph), expected));

const NAMES = ["a", "b", "c", "d", "e"];
const directories = NAMES.flatMap((name) => [1, 2].map((version) => `${name} ${version}`));
const found = fc.uniqueArray(fc.constantFrom(...directories), { selector: nameOf, maxLength: 2 });
const graphs = fc.record(Object.fromEntries(directories.map((directory) => [directory, found])));

test("from each place in any layout, Node.js finds what it finds here, or the layout is refused", () => {
  let laid = 0;
  fc.assert(
    fc.property(
      graphs,
      fc.uniqueArray(fc.constantFrom(...directories), { selector: nameOf, maxLength: 3 }),
      (graph, roots) => {
        try {
          const layout = layOut(new Map(roots.map((directory) => [nameOf(directory), directory])), treeOf(graph));
          for (const [path, directory] of layout)
            for (const to of graph[directory] ?? []) assert.equal(resolve(layout, path, nameOf(to)), to);
          laid++;
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
        }
      },
    ),
    { numRuns: 300 },
  );
  assert.ok(laid > 100);
});
