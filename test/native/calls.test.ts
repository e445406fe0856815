import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

execFileSync("make", ["--silent", "-C", "native"]);

/** An object and the objects whose functions it calls. */
type Calls = ReadonlyMap<string, readonly string[]>;

/** A file that was moved may have left its object behind. */
function isCompiled(object: string): boolean {
  return object.endsWith(".o") && existsSync(join("native", object.replace(/o$/, "c")));
}

function callsIn(folder: string): Calls {
  const objects = readdirSync(folder, { encoding: "utf8", recursive: true }).filter(isCompiled);
  const symbols = (object: string, which: "--defined-only" | "--undefined-only") =>
    execFileSync("nm", [which, "--extern-only", "--format=just-symbols", join(folder, object)], { encoding: "utf8" })
      .split("\n")
      // The start of a program, in libc.c, calls whatever the program is.
      .filter((name) => name !== "" && name !== "main");
  const owners = new Map(
    objects.flatMap((object) => symbols(object, "--defined-only").map((name) => [name, object] as const)),
  );
  const called = (object: string) => symbols(object, "--undefined-only").flatMap((name) => owners.get(name) ?? []);
  return new Map(objects.map((object) => [object, [...new Set(called(object))]]));
}

/** Each way that leads from a file to itself. */
function circles(calls: Calls, open: readonly string[]): string[] {
  const from = open.at(-1) ?? "";
  return (calls.get(from) ?? []).flatMap((to) =>
    to === open[0] ? [[...open, to].join(" -> ")] : open.includes(to) ? [] : circles(calls, [...open, to]),
  );
}

describe("calls between the C files of one program", () => {
  for (const program of ["shim", "init", "monitor"])
    it(`form no circle: ${program}`, () => {
      const calls = callsIn(`native/build/${program}`);
      assert.ok([...calls.values()].flat().length > 10);
      assert.deepEqual(
        [...calls.keys()].flatMap((object) => circles(calls, [object])),
        [],
      );
    });
});
