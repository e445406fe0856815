import assert from "node:assert/strict";
import { test } from "node:test";
import { split } from "../../../../devtool/sync/send/split.ts";
import { type Entry, isDirectory, MODE } from "../../../../devtool/sync/wire/entry.ts";
import fc from "../../../rig/fast-check.ts";

function entry(name: string, mode: number, size = 0): Entry {
  const path = name === "." ? "" : name;
  return { name, path, mode, size, seconds: 0, nanoseconds: 0, link: undefined, complete: false };
}

interface Folder {
  readonly files: readonly number[];
  readonly folders: readonly Folder[];
  readonly mode: number;
}

/** In rsync's order: a folder, its files, then its folders with what is in them. */
function listed({ files, folders, mode }: Folder, name = "."): Entry[] {
  const below = (inner: string) => (name === "." ? inner : `${name}/${inner}`);
  return [
    entry(name, MODE.directory | mode),
    ...files.map((size, at) => entry(below(`file${String(at).padStart(4, "0")}`), MODE.regular | 0o644, size)),
    ...folders.flatMap((folder, at) => listed(folder, below(`folder${at}`))),
  ];
}

const { tree } = fc.letrec<{ tree: Folder; folders: readonly Folder[] }>((tie) => ({
  tree: fc.record({
    files: fc.array(fc.constantFrom(0, 100, 1_000_000), { maxLength: 900, size: "max" }),
    folders: tie("folders"),
    mode: fc.constantFrom(0o755, 0o700, 0o555),
  }),
  folders: fc.oneof({ maxDepth: 3 }, fc.constant<readonly Folder[]>([]), fc.array(tie("tree"), { maxLength: 3 })),
}));

test("a list is cut into lists in its order, each with the folders that its entries are in, and each file in one of them", () => {
  fc.assert(
    fc.property(tree, fc.integer({ min: 1, max: 4 }), (top, count) => {
      const all = listed(top);
      const cut = split(all, count);
      const parts = cut.map(({ entries }) => entries);
      for (const { entries, shared, start } of cut) {
        assert.ok(entries.slice(0, shared).every(isDirectory));
        assert.deepEqual(entries.slice(shared), all.slice(start, start + entries.length - shared));
      }
      assert.ok(parts.length <= count);
      const places = new Map(all.map((each, at) => [each, at]));
      for (const part of parts) {
        const order = part.map((each) => places.get(each) ?? Number.NaN);
        assert.ok(order.every((place, at) => at === 0 || place > (order[at - 1] ?? Number.NaN)));
        const names = new Set(part.map(({ name }) => name));
        for (const { name } of part) assert.ok(name === "." || names.has(/^(.*)\//.exec(name)?.[1] ?? "."), name);
      }
      const sent = parts.flat();
      assert.equal(sent.filter((each) => !isDirectory(each)).length, all.filter((each) => !isDirectory(each)).length);
      assert.deepEqual(new Set(sent), new Set(all));
      for (const each of all.filter(({ mode }) => (mode & 0o200) === 0))
        assert.equal(sent.filter((other) => other === each).length, 1, `${each.name} is not written to by two`);
    }),
    { numRuns: 50 },
  );
});

test("a long list is cut where half of the work is done, by files and by bytes, and a short one stays whole", () => {
  const files = (count: number, size: number) => Array.from({ length: count }, () => size);
  const sizes = (top: Folder) => split(listed(top), 2).map(({ entries }) => entries.length);
  const folder = (of: readonly number[]): Folder => ({ files: of, folders: [], mode: 0o755 });
  assert.deepEqual(sizes(folder(files(1999, 0))), [1000, 1001]);
  const [small, large] = sizes(folder([...files(1000, 0), ...files(1000, 64 * 1024)]));
  assert.ok(small && large && small > large && small < 1.6 * 1000, String([small, large]));
  assert.deepEqual(sizes(folder(files(900, 0))), [901]);
});
