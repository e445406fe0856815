import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sources } from "./architecture.ts";

const PROJECT = join(import.meta.dirname, "../..");

/** The TypeScript sources in these folders of the project. */
export function sourcesIn(...folders: readonly string[]): Sources {
  const paths = folders.flatMap((folder) =>
    readdirSync(join(PROJECT, folder), { recursive: true, encoding: "utf8" }).map(
      (path) => `${folder}/${path.replaceAll("\\", "/")}`,
    ),
  );
  const typescript = paths.filter((path) => path.endsWith(".ts"));
  return new Map(typescript.map((path) => [path, readFileSync(join(PROJECT, path), "utf8")]));
}
