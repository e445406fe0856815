import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { DevtoolConfig } from "../config/config.ts";
import type { Detected, Files } from "./detected.ts";
import { readMakefile } from "./makefile.ts";
import { nodeProject } from "./node.ts";

type Detector = (files: Files) => Promise<Detected | undefined>;

/** The first that recognizes the project decides: a Node.js project may have a Makefile for other things. */
const DETECTORS: readonly Detector[] = [nodeProject, cargoProject, goProject, cmakeProject, pythonProject, makeProject];

/** A first configuration for the project in `root`; undefined for one of a kind that is not known. */
export async function detect(root: string): Promise<Detected | undefined> {
  const text = (path: string) => readFile(join(root, path), "utf8").catch(() => undefined);
  for (const detector of DETECTORS) {
    const found = await detector({ name: basename(root), text });
    if (found) return found;
  }
  return undefined;
}

async function cargoProject({ text, name }: Files): Promise<Detected | undefined> {
  const manifest = await text("Cargo.toml");
  if (manifest === undefined) return undefined;
  const program = /^\[(?:package|\[bin\])\][^[]*?^name\s*=\s*"([^"]+)"/ms.exec(manifest)?.[1] ?? name;
  return { kind: "Rust, built by cargo", config: { build: ["cargo"], run: [`target/debug/${program}`] } };
}

async function goProject({ text, name }: Files): Promise<Detected | undefined> {
  const module = /^module\s+(\S+)/m.exec((await text("go.mod")) ?? "")?.[1];
  if (module === undefined) return undefined;
  const program = `.devtool/${basename(module) || name}`;
  return { kind: "Go", config: { build: [{ tool: "go", args: ["-o", program, "."] }], run: [program] } };
}

async function cmakeProject({ text, name }: Files): Promise<Detected | undefined> {
  const lists = await text("CMakeLists.txt");
  if (lists === undefined) return undefined;
  const program = /add_executable\s*\(\s*([\w.+-]+)/i.exec(lists)?.[1] ?? name;
  return { kind: "C or C++, built by cmake", config: { build: ["cmake"], run: [`build/${program}`] } };
}

const PYTHON_PROGRAMS = ["main.py", "app.py", "server.py", "src/main.py", "manage.py", "__main__.py"];

async function pythonProject({ text }: Files): Promise<Detected | undefined> {
  for (const program of PYTHON_PROGRAMS)
    if ((await text(program)) !== undefined) return { kind: "Python", config: { run: ["python3", program] } };
  const script = /^\[project\.scripts\]\s*^[\w-]+\s*=\s*"([\w.]+):/m.exec((await text("pyproject.toml")) ?? "")?.[1];
  return script === undefined ? undefined : { kind: "Python", config: { run: ["python3", "-m", script] } };
}

async function makeProject({ text }: Files): Promise<Detected | undefined> {
  const makefile = (await text("GNUmakefile")) ?? (await text("makefile")) ?? (await text("Makefile"));
  if (makefile === undefined) return undefined;
  const { program, makes } = readMakefile(makefile);
  const config: DevtoolConfig = { build: ["make"], ...(program === undefined ? {} : { run: [`./${program}`] }) };
  return { kind: "built by make", config, makes };
}
