import assert from "node:assert/strict";
import { test } from "node:test";
import type { Project } from "../../../devtool/config/project.ts";
import { createFilter } from "../../../devtool/ignore/filter.ts";
import { Relevance } from "../../../devtool/watch/relevance.ts";

function relevanceOf(include: readonly string[] = []): Relevance {
  const exclude = ["node_modules", "*.log", "/native/**/build/", "!/.devtool/", "!/.devtool/**"];
  const sync = { include: ["/.devtool/", "/native/", ...include], exclude };
  const project: Project = {
    root: "/p",
    config: { file: "/p/devtool.config.ts", parts: ["/p/devtool.config.ts", "/p/tools/run.ts"], isNamed: false },
    bundle: { entryPoints: ["src/main.ts"], outdir: ".devtool", addons: [], incremental: false, options: {} },
    steps: [
      [
        {
          name: "native",
          folder: "native",
          argv: ["make"],
          runsToEnd: false,
          programs: [],
          inputs: undefined,
          outputs: [],
        },
      ],
    ],
    sync: { ...sync, written: sync.include },
    executable: [],
    watch: { poll: undefined },
    restart: { ignore: [] },
    run: [],
    tinydocker: [],
    env: {},
    envFile: undefined,
    asRoot: false,
    isInspected: false,
    ports: { forward: [], reverse: [], published: false },
    warm: true,
    targets: {},
    target: [],
  };
  return new Relevance(project, createFilter(sync), createFilter({ exclude }));
}

test("the folders of the bundle's sources and the native folder are watched, each once", () => {
  const relevance = relevanceOf();
  assert.deepEqual(relevance.alwaysWatched, ["native", "."]);
  assert.deepEqual(relevance.cover(["src/main.ts"]), ["src"]);
  assert.deepEqual(relevance.cover(["src/main.ts", "src/deep/a.ts"]), []);
  assert.deepEqual(relevance.cover(["lib/x/a.ts", "lib/b.ts", "../shared/c.ts"]), ["lib", "../shared"]);
});

test("a project with patterns of its own is watched as a whole, except what they leave out", () => {
  const relevance = relevanceOf(["assets/*.png"]);
  assert.deepEqual(relevance.alwaysWatched, ["native", "."]);
  assert.deepEqual(relevance.cover(["src/main.ts"]), ["src"]);
  assert.ok(relevance.matters("assets/a.png"));
  assert.ok(!relevance.matters("assets/a.txt"));
  assert.ok(!relevance.prunes("assets"));
});

test("a pattern that matches in any folder does not make every file of the project matter", () => {
  const relevance = relevanceOf(["public/", "*.txt"]);
  relevance.cover(["src/main.ts"]);
  for (const path of ["public/a.html", "public", "deep/public/a.html", "deep/public", "deep/a.txt"]) {
    assert.ok(relevance.matters(path), path);
    assert.ok(relevance.isSent(path), path);
  }
  for (const path of ["README.md", "deep", "deep/a.ts"]) assert.ok(!relevance.matters(path), path);
  assert.ok(!relevance.isSent("src/main.ts"));
  for (const path of ["deep", "deep/public"]) assert.ok(!relevance.prunes(path), path);
});

test("a source matters even if the bundle does not contain it yet; an editor's temporary file does not", () => {
  const relevance = relevanceOf();
  relevance.cover(["src/main.ts", "src/odd.log"]);
  for (const path of ["src/main.ts", "src/new.ts", "src/deep/new.ts", "src/odd.log", "native/a.c"]) {
    assert.ok(relevance.matters(path), path);
  }
  for (const path of ["src/.main.ts.swp", "src/main.ts~", "src/4913", "src/#main.ts#", "src/.#main.ts", "src/x.log"]) {
    assert.ok(!relevance.matters(path), path);
  }
  for (const path of [".devtool/main.js", "native/build/a.o", "README.md", "other/a.ts"]) {
    assert.ok(!relevance.matters(path), path);
  }
});

test("outputs, packages, git's own folder and what git ignores are not watched", () => {
  const relevance = relevanceOf();
  relevance.cover(["src/main.ts", "native/gen/a.ts"]);
  for (const path of [".devtool", "src/node_modules", ".git", ".vagrant", "native/build", "other"]) {
    assert.ok(relevance.prunes(path), path);
  }
  for (const path of ["src", "src/deep", "native", "native/sub", "native/gen"])
    assert.ok(!relevance.prunes(path), path);
});

test("what git ignores is watched where the bundle is made of it, and no more of it than that", () => {
  const relevance = relevanceOf();
  assert.deepEqual(relevance.cover(["src/main.ts"]), ["src"]);
  const installed = "node_modules/.package-lock.json";
  assert.deepEqual(relevance.cover([installed, "src/node_modules/a/b.ts", "../lib/node_modules/c.ts"]), [
    "node_modules",
    "src/node_modules",
    "../lib/node_modules",
  ]);
  for (const path of [installed, "src/node_modules/a/b.ts"]) assert.ok(relevance.matters(path), path);
  for (const path of ["node_modules/x.ts", "src/node_modules/a/x.ts"]) assert.ok(!relevance.matters(path), path);
  for (const path of ["node_modules", "src/node_modules/a"]) assert.ok(!relevance.prunes(path), path);
  for (const path of ["node_modules/a", "src/node_modules/b"]) assert.ok(relevance.prunes(path), path);
  assert.deepEqual(relevance.cover([installed, "src/main.ts", "src/node_modules/a/b.ts"]), []);
});

test("what says which packages are installed matters, and nothing beside it, in a workspace around the project too", () => {
  const relevance = relevanceOf();
  const records = [".pnp.cjs", "node_modules/.modules.yaml", "../../.pnp.cjs"];
  assert.deepEqual(relevance.cover(["src/main.ts", "../a.ts", ...records]).toSorted(), ["..", "../..", "."].toSorted());
  assert.deepEqual(relevance.cover(["../../packages/b/src/c.ts"]), ["../../packages/b/src"]);
  for (const path of [...records, "../lib/new.ts", "../../packages/b/src/new.ts"])
    assert.ok(relevance.matters(path), path);
  for (const path of ["README.md", "other/a.ts", "../../README.md", "../../packages/d/e.ts", "node_modules/a.js"])
    assert.ok(!relevance.matters(path), path);
  for (const path of ["../../packages/b/src", "../../packages", "node_modules"])
    assert.ok(!relevance.prunes(path), path);
  for (const path of ["other", "../../docs", "../../packages/d", "node_modules/a"])
    assert.ok(relevance.prunes(path), path);
  assert.deepEqual(relevance.cover(["src/main.ts", ...records]), []);
});

test("the configuration and what it imports matter, and ignore files wherever they are", () => {
  const relevance = relevanceOf();
  for (const path of ["devtool.config.ts", "tools/run.ts", ".gitignore", "src/.gitignore"]) {
    assert.ok(relevance.matters(path), path);
  }
  assert.ok(!relevance.prunes("tools"));
});

test("sources in the project's own folder make all of it watched, except what git ignores", () => {
  const relevance = relevanceOf();
  assert.deepEqual(relevance.cover(["main.ts"]), ["."]);
  assert.ok(relevance.matters("main.ts"));
  assert.ok(relevance.matters("other/a.ts"));
  assert.ok(!relevance.matters("trace.log"));
  assert.ok(relevance.prunes("node_modules"));
});

test("a project without a bundle, native sources or patterns is watched as a whole, since all of it is sent", () => {
  const sync = { include: [], exclude: ["node_modules"] };
  const relevance = new Relevance(
    {
      bundle: undefined,
      envFile: undefined,
      steps: [],
      root: "/p",
      config: { file: "/p/c.json", parts: [], isNamed: false },
    },
    createFilter(sync),
    createFilter(sync),
  );
  assert.deepEqual(relevance.alwaysWatched, ["."]);
  assert.ok(relevance.matters("any/file"));
});
