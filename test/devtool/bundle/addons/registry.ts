import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { promisify } from "node:util";
import { temporaryDirectory } from "../../../rig/host.ts";

/** Files by path; package.json gets the name and the version where it says none. */
type Files = Readonly<Record<string, string | Buffer>>;

export interface Registry {
  readonly url: string;
  /** Names, and paths of archives, that it answers with 503. */
  readonly failing: Set<string>;
  /** The paths that were asked for. */
  readonly asked: string[];
  /** Runs npm or pnpm with this registry and caches of its own. */
  run(program: "npm" | "pnpm", args: readonly string[], cwd: string): Promise<void>;
}

/** A package registry on loopback: `name@version` → files. npm_config_registry names it for the length of the test. */
export async function startRegistry(t: TestContext, packages: Readonly<Record<string, Files>>): Promise<Registry> {
  const home = await temporaryDirectory(t);
  const [failing, asked] = [new Set<string>(), [] as string[]];
  const published = new Map<string, Record<string, object>>();
  const tarballs = new Map<string, Buffer>();
  const server = createServer(({ url = "" }, response) => {
    const path = decodeURIComponent(url).slice(1);
    asked.push(path);
    const name = path.replace(/\/-\/.*/, "");
    if (failing.has(name) || failing.has(path)) return void response.writeHead(503).end();
    const tarball = tarballs.get(path);
    if (tarball) return void response.end(tarball);
    const versions = published.get(name);
    if (!versions) return void response.writeHead(404).end("{}");
    response.end(JSON.stringify({ name, versions, "dist-tags": { latest: Object.keys(versions).at(-1) } }));
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  for (const [key, files] of Object.entries(packages)) {
    const [name, version] = [key.slice(0, key.lastIndexOf("@")), key.slice(key.lastIndexOf("@") + 1)];
    const manifest = { name, version, ...JSON.parse(String(files["package.json"] ?? "{}")) };
    const tarball = await pack(home, { ...files, "package.json": JSON.stringify(manifest) });
    const path = `${name}/-/${name.split("/").at(-1)}-${version}.tgz`;
    tarballs.set(path, tarball);
    const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
    const dist = { tarball: `${url}${path}`, integrity };
    published.set(name, { ...published.get(name), [version]: { ...manifest, dist } });
  }
  setVariable(t, "npm_config_registry", url);
  setVariable(t, "npm_config_cache", join(home, "npm-cache"));
  const run: Registry["run"] = async (program, args, cwd) => {
    const env = { ...process.env, npm_config_store_dir: join(home, "store"), XDG_CACHE_HOME: join(home, "cache") };
    await promisify(execFile)(program, args, { cwd, env });
  };
  return { url, failing, asked, run };
}

async function pack(home: string, files: Files): Promise<Buffer> {
  const folder = join(home, "package");
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  await promisify(execFile)("tar", ["-czf", join(home, "package.tgz"), "-C", home, "package"]);
  await rm(folder, { recursive: true });
  return await readFile(join(home, "package.tgz"));
}

export function setVariable(t: TestContext, name: string, value: string): void {
  const before = process.env[name];
  process.env[name] = value;
  t.after(() => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });
}

const MACHINES = { x64: 62, arm64: 183 } as const;

/** The beginning of a library for a processor, linked to a libc; `system`: EI_OSABI. */
export function elf(arch: keyof typeof MACHINES, libc: "glibc" | "musl", system = 0): Buffer {
  const header = Buffer.alloc(64);
  header.write("\x7fELF", "latin1");
  header[7] = system;
  header.writeUInt16LE(MACHINES[arch], 18);
  header.write(libc === "glibc" ? "libc.so.6\0" : "libc.musl-any.so.1\0", 24, "latin1");
  return header;
}
