import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { executableIn } from "../../../devtool/dev/workspace/workspace.ts";
import { Failure } from "../../../devtool/failure.ts";
import { filterOf, type Patterns } from "../../../devtool/ignore/filter.ts";
import { readRules } from "../../../devtool/ignore/read.ts";
import { repositoryOf } from "../../../devtool/ignore/repository.ts";
import { toBytes, toText } from "../../../devtool/paths/bytes.ts";
import { temporaryDirectory } from "../../rig/host.ts";

async function folder(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const root = await temporaryDirectory(t);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

/** Which of these files, by their paths, belong to the project. */
async function sent(root: string, patterns: Patterns, paths: readonly string[]): Promise<string[]> {
  const filter = filterOf((await readRules(root, patterns)).rules, patterns.include ?? []);
  return paths.filter((path) => filter.includes(path, false));
}

test("a folder that is no repository has its own ignore files, and git's defaults are not its", async (t) => {
  const root = await folder(t, { ".gitignore": "*.log\n", "sub/.gitignore": "!keep.log\n/x\n" });
  const paths = ["a.log", "sub/a.log", "sub/keep.log", "sub/x", "sub/deep/x", "node_modules/a.js"];
  assert.deepEqual(await sent(root, {}, paths), ["sub/keep.log", "sub/deep/x"]);
});

test("on Windows git says which files are executable", async (t) => {
  const root = await folder(t, { "sub/run": "", "sub/\u00e9.py": "", "sub/plain": "", "other/run": "" });
  spawnSync("git", ["init", "-q", root]);
  spawnSync("git", ["-C", root, "add", "."]);
  spawnSync("git", ["-C", root, "update-index", "--chmod=+x", "sub/run", "sub/\u00e9.py", "other/run"]);
  const repository = await repositoryOf(join(root, "sub"), "win32");
  assert.deepEqual(repository?.executable.map(toText).sort(), ["run", "\u00e9.py"].sort());
  const isExecutable = executableIn({ executable: ["*.sh"] }, repository);
  const bytes = ["run", "\u00e9.py", "plain", "deep/a.sh"].map(toBytes);
  assert.deepEqual(bytes.filter(isExecutable), bytes.toSpliced(2, 1));
});

test("git has a lock beside its index while it changes files, also in another working tree", async (t) => {
  const root = await folder(t, { "main/.gitattributes": "a filter=look\n", "main/a": "1\n", "main/sub/b": "1\n" });
  const git = (name: string, ...args: string[]) => {
    const identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"];
    return spawnSync("git", ["-C", join(root, name), ...identity, ...args], { encoding: "utf8" });
  };
  const done = (...args: Parameters<typeof git>) => {
    const { status, stderr } = git(...args);
    assert.equal(status, 0, stderr);
  };
  done("main", "init", "-q");
  for (const text of ["1\n", "2\n"]) {
    writeFileSync(join(root, "main/a"), text);
    done("main", "add", ".");
    done("main", "commit", "-q", "-m", text);
  }
  done("main", "worktree", "add", "-q", "../other");
  done("main", "config", "filter.look.required", "true");
  done("main", "config", "filter.look.clean", "cat");
  for (const name of ["main", "other"]) {
    const { index } = await readRules(join(root, name, "sub"), {});
    done("main", "config", "filter.look.smudge", `cat && test -e '${index}.lock'`);
    done(name, "switch", "-q", "--detach", "HEAD~1");
    done("main", "config", "filter.look.smudge", `cat && test ! -e '${index}.lock'`);
    assert.match(git(name, "switch", "-q", "-").stderr, /filter look failed/);
  }
});

test("what git tracks is not ignored, and what is beside it stays ignored", async (t) => {
  const root = await folder(t, { ".gitignore": "build/\n*.env\n", "build/tool/a.c": "", "build/b.c": "", "t.env": "" });
  spawnSync("git", ["init", "-q", root]);
  spawnSync("git", ["-C", root, "add", "-f", "build/tool/a.c", "t.env"]);
  const paths = ["build/tool/a.c", "build/tool/other.c", "build/b.c", "t.env", "u.env"];
  assert.deepEqual(await sent(root, {}, paths), ["build/tool/a.c", "t.env"]);
});

test("what takes the place of a folder with what git tracks is ignored, where a line says so", async (t) => {
  const root = await folder(t, { ".gitignore": "/build/*\n", "build/tool/a.c": "" });
  spawnSync("git", ["init", "-q", root]);
  spawnSync("git", ["-C", root, "add", "-f", "build/tool/a.c"]);
  rmSync(join(root, "build/tool"), { recursive: true });
  symlinkSync("/etc", join(root, "build/tool"));
  assert.deepEqual(await sent(root, {}, ["build/tool"]), []);
});

test("a submodule has its own rules, as git has it: what it tracks is sent, whatever the lines around it ignore", async (t) => {
  const root = await folder(t, {
    "lib/.gitignore": "*.log\n",
    "lib/build/a.c": "",
    "lib/kept.log": "",
    "lib/b.o": "",
    "outer/.gitignore": "build/\n*.o\n/deps/*\n",
  });
  const git = (...args: string[]) => {
    const identity = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "protocol.file.allow=always"];
    const { status, stderr } = spawnSync("git", ["-C", root, ...identity, ...args], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
  };
  for (const name of ["lib", "outer"]) git("init", "-q", name);
  git("-C", "lib", "add", "-f", ".");
  git("-C", "lib", "commit", "-q", "-m", "1");
  git("-C", "outer", "submodule", "--quiet", "add", "-f", "../lib", "deps/lib");
  const inner = join(root, "outer/deps/lib");
  writeFileSync(join(root, "outer/.git/modules/deps/lib/info/exclude"), "*.tmp\n");
  const names = ["build/a.c", "kept.log", "b.o", "new.o", "new.log", "new.tmp", "node_modules/x", "build/new.c"];
  for (const name of names) {
    mkdirSync(dirname(join(inner, name)), { recursive: true });
    writeFileSync(join(inner, name), "");
  }
  const paths = [...names.map((name) => `deps/lib/${name}`), "b.o", "deps/other"];
  const expected = ["build/a.c", "kept.log", "b.o", "new.o", "build/new.c"].map((name) => `deps/lib/${name}`);
  assert.deepEqual(await sent(join(root, "outer"), {}, paths), expected);
  const without = await sent(join(root, "outer"), { exclude: ["*.o"] }, paths);
  assert.deepEqual(
    without,
    expected.filter((path) => !path.endsWith(".o")),
  );
  const { outerFiles } = await readRules(join(root, "outer"), {});
  assert.ok(outerFiles.includes(join(root, "outer/.git/modules/deps/lib/index")), outerFiles.join("\n"));
});

for (const outer of ["repository", "folder"]) {
  test(`what a clone or another working tree in a ${outer} ignores by its own files stays here`, async (t) => {
    const root = await folder(t, {
      ".gitignore": "*.o\n",
      "main/a": "",
      "ignored-by-all": "*.global\n",
    });
    const git = (name: string, ...args: string[]) => {
      const identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"];
      const { status, stderr } = spawnSync("git", ["-C", join(root, name), ...identity, ...args], { encoding: "utf8" });
      assert.equal(status, 0, stderr);
    };
    if (outer === "repository") git(".", "init", "-q");
    git("main", "init", "-q");
    git("main", "config", "core.excludesFile", join(root, "ignored-by-all"));
    git("main", "add", "a");
    git("main", "commit", "-q", "-m", "1");
    git("main", "worktree", "add", "-q", "../tree");
    writeFileSync(join(root, "main/.git/info/exclude"), "/.env\n*.tmp\n");
    writeFileSync(join(root, "main/.gitignore"), "!b.tmp\n");
    const names = ["a", ".env", "sub/.env", "a.tmp", "b.tmp", "x.o", "x.global"];
    const paths = ["main", "tree"].flatMap((name) => names.map((path) => `${name}/${path}`));
    const kept = ["main/a", "main/sub/.env", "main/b.tmp", "tree/a", "tree/sub/.env", ".env"];
    assert.deepEqual(await sent(root, {}, [...paths, ".env"]), kept);
    const { outerFiles } = await readRules(root, {});
    assert.ok(outerFiles.includes(join(root, "main/.git/info/exclude")), outerFiles.join("\n"));
  });
}

test("a .git that git does not take for a repository ignores nothing in a repository", async (t) => {
  const root = await folder(t, { "not/.git/info/exclude": "*\n", "not/a": "" });
  spawnSync("git", ["init", "-q", root]);
  assert.deepEqual(await sent(root, {}, ["not/a"]), ["not/a"]);
});

function withVariables(t: TestContext, variables: Readonly<Record<string, string>>): void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  t.after(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
}

test("the project's own repository is asked, also in a hook of git, whose variables name one", async (t) => {
  const root = await folder(t, { "project/.gitignore": "x\n", "project/x": "", "other/.gitignore": "" });
  for (const name of [".", "other"]) spawnSync("git", ["init", "-q", join(root, name)]);
  spawnSync("git", ["-C", root, "add", "-f", "project/x"]);
  withVariables(t, { GIT_DIR: ".git", GIT_INDEX_FILE: ".git/index", GIT_PREFIX: "project/" });
  for (const directory of [".git", join(root, "other/.git")]) {
    process.env["GIT_DIR"] = directory;
    assert.deepEqual(await sent(join(root, "project"), {}, ["x"]), ["x"]);
  }
});

test("where git refuses to say what it tracks, that is said, with what to do", async (t) => {
  const root = await folder(t, { ".gitignore": "x\n", x: "" });
  spawnSync("git", ["init", "-q", root]);
  assert.deepEqual((await readRules(root, {})).problems, []);
  withVariables(t, { GIT_TEST_ASSUME_DIFFERENT_OWNER: "1" });
  const [problem = "", ...others] = (await readRules(root, {})).problems;
  assert.match(
    problem,
    /^git says: detected dubious ownership .*to mend it: git config --global --add safe.directory \S+$/,
  );
  assert.deepEqual(others, []);
});

test("an include line that names an ignored path is honoured, but not for what another line ignores below it", async (t) => {
  const root = await folder(t, {
    ".gitignore": "dist/\n*.env\n/gen\n",
    "dist/a.js": "",
    "gen/api/x.json": "",
    "gen/.gitignore": "*.tmp\n",
    "src/a.ts": "",
    "local.env": "",
  });
  const include = ["src/", "/dist/", "gen/api/x.json", "local.env"];
  const paths = [
    "src/a.ts",
    "src/.env",
    "dist/a.js",
    "dist/secret.env",
    "gen/api/x.json",
    "gen/api/y.json",
    "gen/z",
    "local.env",
    "dist/local.env",
  ];
  assert.deepEqual(await sent(root, { include }, paths), [
    "src/a.ts",
    "dist/a.js",
    "gen/api/x.json",
    "local.env",
    "dist/local.env",
  ]);
  const { problems } = await readRules(root, { include });
  assert.deepEqual(problems, []);
});

test("an include line with a wildcard does not send what git ignores, and that is said", async (t) => {
  const root = await folder(t, { ".gitignore": "# logs\n*.log\n", "a/b.log": "", "c.log": "", "c.txt": "" });
  const include = ["*.log", "*.txt"];
  assert.deepEqual(await sent(root, { include }, ["a/b.log", "c.log", "c.txt"]), ["c.txt"]);
  const { problems } = await readRules(root, { include });
  assert.deepEqual(problems, [
    'sync.include[0], "*.log", does not send c.log, which .gitignore:2 ignores; name it without a wildcard to send it',
  ]);
});

test("an include line of the configuration's that matches nothing is named once, also beside others that do", async (t) => {
  const root = await folder(t, {
    ".gitignore": "gen/\n",
    "public/a": "",
    "gen/b.js": "",
    "sub/c.txt": "",
    "dist/d": "",
  });
  const written = ["public/", "nope/", "gen/*.js", "!never/", "*.txt", "# none", "dist/d", "public"];
  const include = ["/.devtool/", ...written];
  const problems = ['sync.include[1], "nope/",', 'sync.include[2], "gen/*.js",'].map(
    (line) => `${line} sends nothing: the project has nothing of that name, or git ignores it`,
  );
  assert.deepEqual((await readRules(root, { include, written })).problems, problems);
});

test("a line that matches nothing is named with its file and line, and the other lines hold", async (t) => {
  const root = await folder(t, {
    ".gitignore": "*.o\n\n[a\n*.log\n",
    "sub/.gitignore": "x[[:nope:]]\nend\\\n/y\n./b\n../b/*\n",
  });
  assert.deepEqual(await sent(root, {}, ["a.o", "a.log", "sub/y", "b"]), ["b"]);
  assert.deepEqual((await readRules(root, {})).problems, [
    '.gitignore:3: "[a" matches nothing: it has a [ without its ]',
    'sub/.gitignore:1: "x[[:nope:]]" matches nothing: [:nope:] is no class of characters',
    'sub/.gitignore:2: "end\\\\" matches nothing: it ends with a backslash',
    'sub/.gitignore:4: "./b" matches nothing: paths are those below its folder, without . and ..',
    'sub/.gitignore:5: "../b/*" matches nothing: paths are those below its folder, without . and ..',
  ]);
});

test("an ignore file that is a link is not read, as by git, and that is said; one that can't be read is refused", async (t) => {
  const root = await folder(t, { rules: "*.log\n" });
  symlinkSync("rules", join(root, ".gitignore"));
  assert.deepEqual(await sent(root, {}, ["a.log"]), ["a.log"]);
  assert.match((await readRules(root, {})).problems.join(), /^\.gitignore is a symbolic link/);
  spawnSync("git", ["init", "-q", root]);
  symlinkSync("loop", join(root, "loop"));
  spawnSync("git", ["-C", root, "config", "core.excludesFile", join(root, "loop")]);
  await assert.rejects(readRules(root, {}), (error) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.code, "project-unreadable");
    return true;
  });
});
