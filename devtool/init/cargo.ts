import { posix } from "node:path";
import type { Detected, Files } from "./detected.ts";

export async function cargoProject(files: Files): Promise<Detected | undefined> {
  const manifest = await files.text("Cargo.toml");
  if (manifest === undefined) return undefined;
  const kind = "Rust, built by cargo";
  for (const folder of await packages(files, manifest)) {
    const program = await programIn(files, folder);
    if (program !== undefined) return { kind, config: { build: ["cargo"], run: [`target/debug/${program}`] } };
  }
  return { kind, config: { build: ["cargo"], run: ["cargo", "test"] } };
}

/** Its own folder, then those of the members of its workspace, by default the default ones. */
async function packages({ names }: Files, manifest: string): Promise<string[]> {
  const list = (key: string) => new RegExp(`^${key}\\s*=\\s*\\[([^\\]]*)\\]`, "m").exec(manifest)?.[1];
  const members = [...(list("default-members") ?? "").matchAll(STRING), ...(list("members") ?? "").matchAll(STRING)];
  const folders = members.map(async ([, member = ""]) => {
    if (!member.endsWith("/*")) return [member];
    const parent = posix.dirname(member);
    return (await names(parent)).map((name) => `${parent}/${name}`);
  });
  return ["", ...(await Promise.all(folders)).flat()];
}

const STRING = /"([^"]+)"/g;

/** The name of the program that cargo builds from a package; undefined for a library, and for a folder without a package. */
async function programIn({ text, names }: Files, folder: string): Promise<string | undefined> {
  const manifest = (await text(posix.join(folder, "Cargo.toml"))) ?? "";
  const named = (table: string, key: string) =>
    new RegExp(`^\\[${table}\\][^[]*?^${key}\\s*=\\s*"([^"]+)"`, "ms").exec(manifest)?.[1];
  const byPackage = named("package", "name");
  if (byPackage === undefined) return undefined;
  const sources = await names(posix.join(folder, "src"));
  const [further] = await names(posix.join(folder, "src/bin"));
  const chosen = named("package", "default-run") ?? (sources.includes("main.rs") ? byPackage : undefined);
  const isLibrary = sources.includes("lib.rs");
  return chosen ?? named("\\[bin\\]", "name") ?? further?.replace(/\.rs$/, "") ?? (isLibrary ? undefined : byPackage);
}
