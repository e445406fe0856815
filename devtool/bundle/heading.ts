import { asUrl, DIRNAME, FILENAME, LOCATE, META, RESOLVE } from "./located.ts";

/*
 * JavaScript for the head of each output: what the sources call in place of import.meta and __dirname, and what else makes a
 * source's path as good as its output's.
 */

/** Where the sources of outputs are: output → source, relative to the bundle's folder and to the project, posix. */
export type Sources = Readonly<Record<string, string>>;

export interface Heading {
  /** The bundle's folder, relative to the project, posix. */
  readonly outdir: string;
  readonly isModule: boolean;
  /** The entry points. */
  readonly entries: Sources;
  /** Those of the sources that know their path. */
  readonly located: readonly string[];
  /** Which of these modules of Node.js the bundle imports. */
  readonly mended: ReadonlySet<Mended>;
}

/** CommonJS packages in an ES module call require() for Node's own modules. */
export const REQUIRE =
  "import { createRequire as devtoolCreateRequire } from 'node:module'; const require = devtoolCreateRequire(import.meta.url);";

/**
 * Declares what the sources call. A program asks whether it is the main one by comparing import.meta.url with process.argv[1],
 * which becomes the source's path too, where the source knows its own.
 */
export function locator(heading: Heading): string {
  const { outdir, isModule, entries, located } = heading;
  const folder = `/${encodeURI(outdir)}/`;
  const sources = Object.fromEntries(
    Object.entries(entries)
      .filter(([, source]) => located.includes(source))
      .map(([output, source]) => [output, asUrl(source)]),
  );
  const self = isModule ? "import.meta.url" : "devtoolUrl(__filename).href";
  const meta = isModule ? "import.meta" : "{ resolve: (name) => devtoolUrl(require.resolve(name)).href }";
  return `${imports(URLS, isModule)} ${imports(PATHS, isModule)} ${imports(REQUIRES, isModule)}
const devtoolSelf = ${self}, devtoolAt = devtoolSelf.lastIndexOf(${JSON.stringify(folder)});
const devtoolRoot = devtoolSelf.slice(0, devtoolAt + 1);
const devtoolSource = ${JSON.stringify(sources)}[decodeURI(devtoolSelf.slice(devtoolAt + ${folder.length}))];
const devtoolIsMain = devtoolPath(devtoolSelf) === process.argv[1];
if (devtoolIsMain && devtoolSource) process.argv[1] = devtoolPath(new URL(devtoolSource, devtoolRoot));
const ${LOCATE} = (path, part) => {
  const { href: url } = new URL(path, devtoolRoot), filename = devtoolPath(url), dirname = devtoolParent(filename);
  const resolvePath = (name, options) => (/^\\.{0,2}\\//.test(name) ? devtoolRequireFrom(url) : require).resolve(name, options);
  if (part) return { dirname, filename, resolvePath }[part];
  const meta = ${meta}, resolve = (name) => (/^\\.{0,2}\\//.test(name) ? new URL(name, url).href : meta.resolve(name));
  return { ...meta, url, filename, dirname, resolve, main: devtoolIsMain && filename === process.argv[1] };
};
${mending(heading)}`;
}

const URLS = ["url", "{ fileURLToPath as devtoolPath, pathToFileURL as devtoolUrl }"] as const;
const PATHS = ["path", "{ dirname as devtoolParent, resolve as devtoolAbsolute }"] as const;

const REQUIRES = ["module", "{ createRequire as devtoolRequireFrom }"] as const;

function imports([name, what]: readonly [string, string], isModule: boolean): string {
  if (isModule) return `import ${what} from "node:${name}";`;
  return `const ${what.replaceAll(" as ", ": ")} = require("node:${name}");`;
}

/** Node.js's modules with a function that takes the path of a source. */
export const MENDED = ["worker_threads", "child_process", "cluster", "fs", "module"] as const;
export type Mended = (typeof MENDED)[number];

/**
 * Starts the output of an entry point where the program names its source, as in `new Worker(new URL("./worker.ts",
 * import.meta.url))`, or what that compiles to, such as ./worker.js, where no such file exists.
 */
function mending({ outdir, isModule, entries, mended }: Heading): string {
  if (mended.size === 0) return "";
  const pairs = (name: (source: string) => string) =>
    JSON.stringify(
      Object.entries(entries).map(([output, source]) => [asUrl(name(source)), asUrl(`${outdir}/${output}`)]),
    );
  const used = MENDED.filter((name) => mended.has(name));
  const imported = [...new Set<Mended>([...used, "module"])].map((name) => imports([name, VARIABLES[name]], isModule));
  return `${imported.join(" ")}
${imports(["fs", "{ existsSync as devtoolExists }"], isModule)}
const devtoolOutputs = (pairs) => new Map(pairs.map((pair) => pair.map((path) => devtoolPath(new URL(path, devtoolRoot)))));
const devtoolSources = devtoolOutputs(${pairs((source) => source)}), devtoolCompiled = devtoolOutputs(${pairs(compiled)});
const devtoolOutput = (file) => {
  if (/^data:/.test(file)) return file;
  const path = /^file:/.test(file) ? devtoolPath(file) : devtoolAbsolute(file);
  const known = devtoolSources.get(path);
  if (known !== undefined || devtoolExists(path)) return known ?? file;
  const output = devtoolCompiled.get(path) ?? devtoolCompiled.get(path + ".js");
  const source = decodeURI(devtoolUrl(path).href.replace(devtoolRoot, ""));
  if (output === undefined && /^(?!\\.|\\w+:).*\\.[cm]?[jt]sx?$/.test(source))
    throw new Error(source + " is not on the target: add it, or its source, to bundle.entryPoints in devtool's configuration");
  return output ?? file;
};
${used.map((name) => MEND[name]).join("\n")}
devtoolModule.syncBuiltinESMExports();`;
}

/** As TypeScript and JSX are compiled: a.mts to a.mjs. */
function compiled(source: string): string {
  return source.replace(/\.([cm]?)[jt]sx?$/, ".$1js");
}

const VARIABLES: Readonly<Record<Mended, string>> = {
  worker_threads: "devtoolThreads",
  child_process: "devtoolProcesses",
  cluster: "devtoolCluster",
  fs: "devtoolFiles",
  module: "devtoolModule",
};

const MEND: Readonly<Record<Mended, string>> = {
  worker_threads: `{
  const { Worker: Thread } = devtoolThreads;
  devtoolThreads.Worker = class Worker extends Thread {
    constructor(file, options) { super(options?.eval ? file : devtoolOutput(file), options); }
  };
}`,
  // A program also starts itself again, by process.execPath and process.argv[1], with other options.
  child_process: `{
  const { fork } = devtoolProcesses, custom = Symbol.for("nodejs.util.promisify.custom");
  devtoolProcesses.fork = (file, ...rest) => fork(devtoolOutput(file), ...rest);
  const output = (word) => devtoolSources.get(/^file:/.test(word) ? devtoolPath(word) : devtoolAbsolute(String(word)));
  const words = (file, args) => {
    const at = Array.isArray(args) && /(^|\\/)node$/.test(file) ? args.findIndex(output) : -1;
    return at < 0 ? args : args.map((word, index) => (index === at ? output(word) : word));
  };
  const mended = (start) => (file, args, ...rest) => start(file, words(file, args), ...rest);
  for (const name of ["spawn", "spawnSync", "execFile", "execFileSync"]) {
    const start = devtoolProcesses[name];
    devtoolProcesses[name] = mended(start);
    if (start[custom]) Object.defineProperty(devtoolProcesses[name], custom, { value: mended(start[custom]) });
  }
}`,
  cluster:
    "if (devtoolIsMain && devtoolCluster.isPrimary) devtoolCluster.setupPrimary({ exec: devtoolPath(devtoolSelf) });",
  // A program also compares import.meta.url with realpathSync(process.argv[1]), where the source was not sent.
  fs: `{
  const { realpath, realpathSync, promises } = devtoolFiles, askPromise = promises.realpath;
  const unsent = (path, error) => {
    const isUnsent = error.code === "ENOENT" && devtoolIsMain && String(path) === process.argv[1];
    if (isUnsent) return process.argv[1];
    throw error;
  };
  const sync = (ask) => (path, options) => { try { return ask(path, options); } catch (error) { return unsent(path, error); } };
  const later = (ask) => (path, ...rest) => {
    const done = rest.pop();
    ask(path, ...rest, (error, found) => {
      try { found ??= unsent(path, error); } catch { return done(error); }
      done(null, found);
    });
  };
  devtoolFiles.realpathSync = Object.assign(sync(realpathSync), { native: sync(realpathSync.native) });
  devtoolFiles.realpath = Object.assign(later(realpath), { native: later(realpath.native) });
  promises.realpath = (path, options) => askPromise(path, options).catch((error) => unsent(path, error));
}`,
  // What is shipped lies beside the output, where no source looks for it.
  module: `{
  const { createRequire } = devtoolModule;
  const isSource = (path) => path.startsWith(devtoolPath(devtoolRoot)) && !path.includes("/node_modules/");
  devtoolModule.createRequire = (from) => {
    const own = createRequire(from);
    if (!isSource(/^file:/.test(from) ? devtoolPath(String(from)) : from)) return own;
    const whichFinds = (name) => {
      if (/^(\\.{0,2}\\/|\\.{1,2}$|#)/.test(name)) return own;
      try { own.resolve(name); return own; } catch (error) { return error.code === "MODULE_NOT_FOUND" ? require : own; }
    };
    const resolve = Object.assign((name, options) => whichFinds(name).resolve(name, options), own.resolve);
    return Object.assign((name) => whichFinds(name)(name), own, { resolve });
  };
}`,
};

/** For uses in what is not a file of the project, such as a plugin's own modules: they get the output's. */
export function fallback(isModule: boolean): string {
  const [meta, dirname, filename] = isModule
    ? ["import.meta", "import.meta.dirname", "import.meta.filename"]
    : ["{}", "__dirname", "__filename"];
  const values = [
    `${META}: ${meta}`,
    `${DIRNAME}: ${dirname}`,
    `${FILENAME}: ${filename}`,
    `${RESOLVE}: require.resolve`,
  ];
  return `Object.assign(globalThis, { ${values.join(", ")} });`;
}
