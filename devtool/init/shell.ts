import { posix } from "node:path";
import type { Detected, Files } from "./detected.ts";

/** A script that is called as programs usually are, or as its folder, or the only one there. */
export async function shellProject({ name, text, names }: Files): Promise<Detected | undefined> {
  const scripts = (await names("")).filter((file) => file.endsWith(".sh"));
  const usual = ["main.sh", "run.sh", "start.sh", `${name}.sh`].find((file) => scripts.includes(file));
  const script = usual ?? (scripts.length === 1 ? scripts[0] : undefined);
  if (script === undefined) return undefined;
  return { kind: "a shell script", config: { run: [...shellOf((await text(script)) ?? ""), script] } };
}

/** The shell that its first line names, with options. */
function shellOf(script: string): string[] {
  const [, named = "/bin/sh"] = /^#!\s*(?:\S*\/env\s+(?:-S\s+)?)?(\S.*)/.exec(script) ?? [];
  const [shell = "sh", ...options] = named.trim().split(/\s+/);
  return [posix.basename(shell), ...options];
}
