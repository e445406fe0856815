import { execFile } from "node:child_process";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { type Scope, temporaryDirectory } from "../rig/host.ts";

const execute = promisify(execFile);
const REPOSITORY = resolve(import.meta.dirname, "../..");
/** What a checkout does not have, or what takes long to copy. */
const NOT_COPIED = /^(node_modules|\.git|dist(\.new.*)?|\.devtool|native\/build|bench\/results)$/;

/** For npm and npx: without the variables that the npm which runs the tests has set. */
export const env = Object.fromEntries(
  Object.entries(process.env).filter(([key]) => !/^npm_(?!config_(cache|userconfig|registry)$)/i.test(key)),
);

export interface Packed {
  /** What was packed. */
  readonly checkout: string;
  readonly tarball: string;
  /** The tarball's, sorted. */
  readonly files: readonly string[];
}

/** Makes a checkout in which nothing has been built, with `strays` beside its files, and packs it. */
export async function pack(scope: Scope, strays: readonly string[]): Promise<Packed> {
  const directory = await temporaryDirectory(scope);
  const checkout = join(directory, "checkout");
  await cp(REPOSITORY, checkout, {
    recursive: true,
    filter: (path) => !NOT_COPIED.test(path.slice(REPOSITORY.length + 1)),
  });
  await symlink(join(REPOSITORY, "node_modules"), join(checkout, "node_modules"));
  for (const stray of strays) {
    await mkdir(join(checkout, stray, ".."), { recursive: true });
    await writeFile(join(checkout, stray), "");
  }
  await execute("npm", ["pack", "--pack-destination", directory], { cwd: checkout, env });
  const tarball = join(directory, `tinydocker-${await version()}.tgz`);
  const { stdout } = await execute("tar", ["-tzf", tarball]);
  return { checkout, tarball, files: stdout.trimEnd().split("\n").sort() };
}

/**
 * An empty project, with the package installed from its tarball. Its dependencies are the versions of this repository's
 * lock file, which npm has in its cache since it installed them here; what the lock file calls a development dependency
 * is not installed, save Node's types.
 */
export async function install(scope: Scope, tarball: string): Promise<string> {
  const consumer = await temporaryDirectory(scope);
  const [manifest, lock] = await Promise.all([json("package.json"), json("package-lock.json")]);
  const types = "@types/node";
  const own = {
    name: "consumer",
    version: "1.0.0",
    type: "module",
    dependencies: { tinydocker: `file:${tarball}` },
    devDependencies: { [types]: lookUp(manifest, "devDependencies", types) },
  };
  const packages = {
    "": own,
    "node_modules/tinydocker": { ...manifest, resolved: `file:${tarball}`, devDependencies: undefined },
    ...Object.fromEntries(Object.entries(record(lock["packages"])).filter(([path, entry]) => isInstalled(path, entry))),
  };
  await writeFile(join(consumer, "package.json"), JSON.stringify(own));
  await writeFile(
    join(consumer, "package-lock.json"),
    JSON.stringify({ name: "consumer", version: "1.0.0", lockfileVersion: 3, requires: true, packages }),
  );
  // Some dependencies' scripts compile optional parts, for which they may ask the network.
  await execute("npm", ["ci", "--prefer-offline", "--fetch-retries=0", "--ignore-scripts"], { cwd: consumer, env });
  return consumer;
}

function isInstalled(path: string, entry: unknown): boolean {
  if (["node_modules/@types/node", "node_modules/undici-types"].includes(path)) return true;
  return path !== "" && record(entry)["dev"] !== true;
}

async function version(): Promise<string> {
  return String((await json("package.json"))["version"]);
}

async function json(name: string): Promise<Record<string, unknown>> {
  return record(JSON.parse(await readFile(join(REPOSITORY, name), "utf8")));
}

function lookUp(from: Record<string, unknown>, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((value, key) => record(value)[key], from);
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new Error(`not an object: ${JSON.stringify(value)}`);
  return { ...value };
}
