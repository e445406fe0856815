import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { after, describe, it, type TestContext } from "node:test";
import { promisify } from "node:util";
import { Script } from "node:vm";
import { gzipSync } from "node:zlib";
import { lacks } from "../devtool/rig.ts";
import { needs } from "../rig/host.ts";
import { faultyRegistry } from "../rig/registry.ts";
import { busyboxRootfs } from "../rig/tinydocker.ts";
import { ociLayout, written } from "../runtime/image/layers/saved.ts";
import { env, install, pack } from "./install.ts";

const execute = promisify(execFile);
const REPOSITORY = resolve(import.meta.dirname, "../..");
const TSC = join(REPOSITORY, "node_modules/typescript/bin/tsc");
const STRAYS = ["native/shim.o", "native/build/td", "docs/draft.txt", "vagrant/key", "test.log", "devtool/copy.ts"];

const { checkout, tarball, files } = await pack({ after }, STRAYS);
const consumer = await install({ after }, tarball);
await cp(join(import.meta.dirname, "consumer"), consumer, { recursive: true });
const CONSUMERS = ["container.ts", "images.ts", "thread.ts", "devtool.config.ts", "mistakes.ts"];
const PAGES = ["README", "docs/devtool", "docs/tinydocker"];
const [english = [], chinese = []] = await Promise.all([".md", ".zh-CN.md"].map(examplesIn));

/** By devtool's launcher. */
const LOADED_AS: Readonly<Record<string, string>> = { "main.js": "devtool-main.cjs" };

describe("the package", () => {
  it("contains what its users need, and nothing else of the project", () => {
    const needed =
      /^package\/(package\.json|LICENSE|(README|README\.zh-CN|CHANGELOG|SECURITY)\.md|docs\/(tutorial\/)?[\w.-]+\.md|docs\/pictures\/\w+\.svg|dist\/[\w-]+\.c?js|dist\/(tinydocker|devtool)-[\w-]+\.cjs\.compiled|dist\/devtool\.config\.schema\.json|dist\/types\/[\w/-]+\.d\.ts|native\/((init\/|layers\/|library\/|monitor\/)?[\w-]+\.[ch]|Makefile)|vagrant\/provision\.sh|Vagrantfile)$/;
    assert.deepEqual(
      files.filter((file) => !needed.test(file)),
      [],
    );
  });

  it("contains every file that its manifest names, and no JavaScript that names a missing file", async () => {
    const manifest = await readFile(join(consumer, "node_modules/tinydocker/package.json"), "utf8");
    const named = [...manifest.matchAll(/"(?:\.\/)?(dist\/[^"]+)"/g)].map(([, file]) => `package/${file}`);
    assert.ok(named.length >= 6);
    const scripts = files.filter((file) => /\.js$|devtool-\w+\.cjs$/.test(file));
    for (const script of scripts) {
      const text = await readFile(join(consumer, "node_modules/tinydocker", script.replace("package/", "")), "utf8");
      assert.doesNotMatch(text, /^\/\/# sourceMappingURL=/m);
      const loaded = [...text.matchAll(/(?:from|import\(|load\() ?"\.\/([^"]+)"/g)].map(([, file = ""]) => file);
      named.push(...loaded.map((file) => `package/dist/${LOADED_AS[file] ?? file}`));
    }
    assert.deepEqual(
      named.filter((file) => !files.includes(file)),
      [],
    );
  });

  it("is complete when several builds run at once, and each of them succeeds", async () => {
    await Promise.all(Array.from({ length: 4 }, () => execute(process.execPath, ["build.mjs"], { cwd: checkout })));
    const built = await readdir(join(checkout, "dist"), { recursive: true, withFileTypes: true });
    const paths = built.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    assert.deepEqual(
      paths.map((path) => path.replace(checkout, "package")).sort(),
      files.filter((file) => file.startsWith("package/dist/")),
    );
    assert.deepEqual(
      (await readdir(checkout)).filter((name) => name.startsWith("dist.")),
      [],
    );
  });

  it("runs its two programs", async () => {
    const { version } = JSON.parse(await readFile(join(consumer, "node_modules/tinydocker/package.json"), "utf8"));
    for (const program of ["devtool", "tinydocker"]) {
      const { stdout } = await execute("npx", ["--no", "--", program, "--version"], { cwd: consumer, env });
      assert.equal(stdout, `${version}\n`);
    }
  });

  it("starts what V8 compiled when it was built, and compiles what is older than its source, cut short or lost", async () => {
    const dist = join(consumer, "node_modules/tinydocker/copy");
    await cp(join(consumer, "node_modules/tinydocker/dist"), dist, { recursive: true, preserveTimestamps: true });
    const isAccepted = async (source: string) => {
      const cachedData = await readFile(`${source}.compiled`);
      return !new Script(await readFile(source, "latin1"), { cachedData }).cachedDataRejected;
    };
    const sources = (await readdir(dist)).filter((name) => name.endsWith(".compiled")).map((name) => name.slice(0, -9));
    const refused = [];
    for (const name of sources) if (!(await isAccepted(join(dist, name)))) refused.push(name);
    assert.deepEqual([sources.length > 3, refused], [true, []]);
    const source = join(dist, "tinydocker-verb-create.cjs");
    const text = await readFile(source, "latin1");
    const compiled = await readFile(`${source}.compiled`);
    const said = () =>
      execute(process.execPath, [join(dist, "tinydocker.cjs"), "create"], { env }).catch(({ stderr }) => stderr);
    assert.match(await said(), /the name of the container is missing/);
    // As long as before: V8 would not see it.
    await writeFile(
      source,
      text.replaceAll("the name of the container is missing", "the NAME of the container is missing"),
    );
    for (const damaged of [undefined, compiled.subarray(0, 1000), Buffer.alloc(0)]) {
      if (damaged) await writeFile(`${source}.compiled`, damaged);
      assert.match(await said(), /the NAME of the container is missing/);
    }
    await rm(`${source}.compiled`);
    assert.match(await said(), /the NAME of the container is missing/);
  });

  it("leaves every argument to its two programs: none is Node.js's own", async () => {
    for (const [program, code] of [
      ["devtool", 2],
      ["tinydocker", 125],
    ] as const) {
      const started = execute(join(consumer, "node_modules/.bin", program), ["nosuch", "--env-file=/none"], { env });
      await assert.rejects(started, { code, stderr: /nosuch/ });
    }
  });

  it("loads no native code when it is imported into plain JavaScript", async () => {
    const script = `
      const { start, Failure } = await import("tinydocker");
      const { defineConfig } = await import("tinydocker/config");
      const libraries = process.report.getReport().sharedObjects.filter((path) => path.endsWith("libtinydocker.so"));
      console.log(JSON.stringify([typeof start, typeof Failure, typeof defineConfig, libraries]));`;
    const { stdout } = await execute(process.execPath, ["--input-type=module", "-e", script], { cwd: consumer });
    assert.deepEqual(JSON.parse(stdout), ["function", "function", "function", []]);
  });

  it("reports on systems other than Linux what to do, even for an image that can't exist there", async () => {
    const script = `
      Object.defineProperty(process, "platform", { value: "darwin" });
      const { start } = await import("tinydocker");
      const error = await start({ name: "a", args: ["true"], image: "nosuch" }).catch((error) => error);
      console.log(JSON.stringify([error.name, error.code, error.message, error.remedy]));`;
    const { stdout } = await execute(process.execPath, ["--input-type=module", "-e", script], { cwd: consumer });
    assert.deepEqual(JSON.parse(stdout), [
      "Failure",
      "platform-unsupported",
      "tinydocker runs containers on Linux, and this is darwin",
      "devtool run NAME CMD runs it on a Linux machine from here",
    ]);
  });
});

describe("a strict TypeScript project", () => {
  for (const skipLibCheck of [false, true]) {
    it(`compiles against the package as Node.js resolves it, skipLibCheck ${skipLibCheck}`, async () => {
      await compile({ module: "nodenext", lib: ["es2022"], skipLibCheck, exactOptionalPropertyTypes: true });
    });

    it(`compiles against the package as bundlers resolve it, skipLibCheck ${skipLibCheck}`, async () => {
      await compile({ module: "esnext", moduleResolution: "bundler", skipLibCheck });
    });
  }

  it("compiles without listing Node's types, which the package's own types reference", async () => {
    await compile({ module: "nodenext", lib: ["es2022"], skipLibCheck: false, types: [] }, ["mistakes.ts"]);
  });

  it("compiles the examples of the README and of docs/, the same in both languages", async () => {
    assert.ok(english.length >= 4);
    assert.deepEqual(chinese.map(withoutComments), english.map(withoutComments));
    const names = await Promise.all(english.map((text, i) => write(`example${i}.ts`, text)));
    await compile({ module: "nodenext", skipLibCheck: false }, names);
  });

  it("starts containers through the package", async (test) => {
    if (!canRun(test)) return;
    const tree = join(consumer, "tree");
    await mkdir(join(tree, "bin"), { recursive: true });
    await writeFile(join(tree, "bin/tool"), "");
    assert.deepEqual(JSON.parse(await run("container.ts", [tree])), {
      status: { code: 3, signal: null },
      output: "hello in house\n",
      explained: true,
      killed: { code: null, signal: "SIGTERM" },
      delivered: [true, false],
      missing: "command-not-found",
      imported: ["small", 1, 0],
      images: [["small"], []],
    });
  });

  it("pulls, loads, lists, starts and removes images through the package", async (test) => {
    if (!canRun(test)) return;
    const rootfs = await busyboxRootfs(join(consumer, "rootfs"));
    const base = execFileSync("tar", ["-C", rootfs, "-cf", "-", "."], { maxBuffer: 64 << 20 });
    const layout = ociLayout({ layers: [base], compress: gzipSync, config: { Cmd: ["/bin/echo", "hello"] } });
    const registry = await faultyRegistry({ after: (cleanup) => test.after(cleanup) }, layout);
    written(layout, join(consumer, "layout"));
    const printed = await run("images.ts", [registry.host, "layout"], registry.env);
    const [latest] = JSON.parse(printed).images[0].filter(([name]: string[]) => name?.includes("@"));
    assert.deepEqual(JSON.parse(printed), {
      states: ["downloading", "done"],
      again: [true, []],
      said: [0, "hello\n"],
      missing: "image-not-found",
      loaded: ["loaded:latest"],
      images: [[["/image:latest", ["/bin/echo", "hello"]], latest, ["loaded:latest", ["/bin/echo", "hello"]]], []],
    });
  });

  it("starts containers from one thread, and reports that in another", async (test) => {
    if (!canRun(test)) return;
    const printed = await run("thread.ts");
    assert.equal(printed, "native-failed: another thread of this process already starts containers\n");
  });

  it("runs the README's example with the documented result", async (test) => {
    if (!canRun(test)) return;
    const example = english.find((text) => text.includes("start("));
    assert.equal(await run(await write("example.ts", example ?? "")), "{ code: 3, signal: null }\n");
    assert.equal(await readFile(join(consumer, "hello.log"), "utf8"), "hello\n");
  });
});

/** Type-checks the files of the project that are named, else all of them. */
async function compile(options: object, names = CONSUMERS): Promise<void> {
  await tsc({ noEmit: true, types: ["node"], ...options }, names);
}

/** Compiles a program of the project, which other tests check, and runs what was compiled; returns what it printed. */
async function run(name: string, args: readonly string[] = [], more: NodeJS.ProcessEnv = {}): Promise<string> {
  await tsc({ module: "nodenext", types: ["node"], outDir: "compiled", noCheck: true }, [name]);
  const { stdout } = await execute(process.execPath, [`compiled/${name.replace(".ts", ".js")}`, ...args], {
    cwd: consumer,
    env: { ...process.env, ...more, TINYDOCKER_ROOT: join(consumer, "state") },
  });
  assert.deepEqual(await readdir(join(consumer, "state/containers")), [], "nothing of the containers is left");
  return stdout;
}

async function tsc(options: object, files: readonly string[]): Promise<void> {
  const compilerOptions = { strict: true, target: "es2022", rootDir: ".", ...options };
  await write("tsconfig.json", JSON.stringify({ compilerOptions, files }));
  await execute(process.execPath, [TSC, "-p", "."], { cwd: consumer }).catch(({ stdout, message }) => {
    throw new Error(`${message}\n${stdout}`);
  });
}

async function write(name: string, text: string): Promise<string> {
  await writeFile(join(consumer, name), text);
  return name;
}

/** Of the pages in one language, `suffix` in their names. */
async function examplesIn(suffix: string): Promise<string[]> {
  const texts = await Promise.all(PAGES.map((page) => readFile(join(REPOSITORY, `${page}${suffix}`), "utf8")));
  return [...texts.join("").matchAll(/^```ts\n(.*?)^```$/gms)].map(([, example = ""]) => example);
}

function withoutComments(text: string): string {
  return text.replace(/ *\/\/.*$/gm, "");
}

function canRun(test: TestContext): boolean {
  const isRoot = process.platform === "linux" && process.geteuid?.() === 0;
  return needs(test, isRoot ? lacks("gcc", "make") : "Linux, as root");
}
