import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { DevtoolConfig } from "../config/config.ts";
import { cargoProject } from "./cargo.ts";
import { cmakeProject } from "./cmake.ts";
import type { Detected, Files } from "./detected.ts";
import { goProject } from "./go.ts";
import { readMakefile } from "./makefile.ts";
import { nodeProject } from "./node.ts";
import { pythonProject } from "./python.ts";
import { shellProject } from "./shell.ts";

type Detector = (files: Files) => Promise<Detected | undefined>;

/** The first that recognizes the project decides: a Node.js project may have a Makefile for other things. */
const DETECTORS: readonly Detector[] = [
  nodeProject,
  cargoProject,
  goProject,
  cmakeProject,
  pythonProject,
  makeProject,
  shellProject,
];

/** A first configuration for the project in `root`; undefined for one of a kind that is not known. */
export async function detect(root: string): Promise<Detected | undefined> {
  const text = (path: string) => readFile(join(root, path), "utf8").catch(() => undefined);
  const names = async (folder: string) => (await readdir(join(root, folder)).catch(() => [])).sort();
  for (const detector of DETECTORS) {
    const found = await detector({ name: basename(root), text, names });
    if (found) return found;
  }
  return undefined;
}

async function makeProject({ text }: Files): Promise<Detected | undefined> {
  const makefile = (await text("GNUmakefile")) ?? (await text("makefile")) ?? (await text("Makefile"));
  if (makefile === undefined) return undefined;
  const { program, makes } = readMakefile(makefile);
  const config: DevtoolConfig = { build: ["make"], ...(program === undefined ? {} : { run: [`./${program}`] }) };
  return { kind: "built by make", config, makes };
}
