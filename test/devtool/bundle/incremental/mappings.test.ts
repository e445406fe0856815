import assert from "node:assert/strict";
import { SourceMap } from "node:module";
import { test } from "node:test";
import { transform } from "esbuild";
import { joinMappings, parseMappings } from "../../../../devtool/bundle/incremental/mappings.ts";
import fc from "../../../rig/fast-check.ts";

/** Where Node.js finds each position of a text. */
function placesIn(text: string, mappings: string, sources: string[]) {
  const map = new SourceMap({ version: 3, file: "", sources, sourcesContent: [], sourceRoot: "", names: [], mappings });
  return text.split("\n").map((line, row) =>
    [...line].map((_, column) => {
      const entry = map.findEntry(row, column);
      return "originalSource" in entry && entry.originalSource
        ? [entry.originalSource, entry.originalLine, entry.originalColumn]
        : ["none"];
    }),
  );
}

test("maps that are joined lead where each of them led, and what is between them nowhere", async () => {
  const statement = fc.constantFrom(
    "var a = 1;",
    "type A = 1;",
    "\n\n",
    "function long(name: string) {\n  return name;\n}",
    "",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(statement), { maxLength: 4 }), fc.nat(3), async (files, gap) => {
      const compiled = await Promise.all(
        files.map((lines, index) =>
          transform(lines.join("\n"), {
            loader: "ts",
            sourcemap: true,
            sourcefile: `${index}.ts`,
            sourcesContent: false,
          }),
        ),
      );
      const own = compiled.map(({ code, map }, index) => placesIn(code, JSON.parse(map).mappings, [`${index}.ts`]));
      const filler = " \n".repeat(gap);
      let lines = 0;
      const placed = compiled.map(({ code, map }, index) => {
        lines += gap;
        const one = { lines, sources: index, mappings: parseMappings(JSON.parse(map).mappings) };
        lines += code.split("\n").length - 1;
        return one;
      });
      const text = compiled.map(({ code }) => filler + code).join("");
      const joined = placesIn(
        text,
        joinMappings(placed),
        files.map((_, index) => `${index}.ts`),
      );
      const rows = placed.map(({ lines: at }, index) => joined.slice(at, at + (own[index]?.length ?? 1) - 1));
      assert.deepEqual(
        rows,
        own.map((each) => each.slice(0, -1)),
      );
      const between = placed.flatMap(({ lines: at }) => joined.slice(at - gap, at));
      assert.ok(between.flat().every(([source]) => source === "none"));
    }),
    { numRuns: 100 },
  );
});
