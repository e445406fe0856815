import type { DevtoolConfig } from "../config/config.ts";
import type { Detected, Files } from "./detected.ts";

const PROGRAMS = ["main.py", "app.py", "server.py", "src/main.py", "__main__.py"];

export async function pythonProject(files: Files): Promise<Detected | undefined> {
  const config = (await programOf(files)) ?? (await packageOf(files));
  return config && { kind: "Python", config };
}

async function programOf({ text }: Files): Promise<DevtoolConfig | undefined> {
  for (const program of PROGRAMS) if ((await text(program)) !== undefined) return { run: ["python3", program] };
  // Django's own reloader would do again what watch does.
  if ((await text("manage.py")) !== undefined) return { run: ["python3", "manage.py", "runserver", "--noreload"] };
  return undefined;
}

/** A package by the script of its pyproject.toml, or its __main__.py; in its own folder or in src. */
async function packageOf({ text, names }: Files): Promise<DevtoolConfig | undefined> {
  const manifest = await text("pyproject.toml");
  if (manifest === undefined) return undefined;
  const [, module, call] = SCRIPT.exec(manifest) ?? [];
  for (const folder of ["", "src/"]) {
    const env = folder === "" ? {} : { env: { PYTHONPATH: "src" } };
    const runs = (...args: string[]) => ({ ...env, run: ["python3", ...args] });
    for (const name of await names(folder)) {
      const isPackage = (await text(`${folder}${name}/__main__.py`)) !== undefined;
      if (isPackage && (module === undefined || module.split(".")[0] === name)) return runs("-m", name);
    }
    const path = folder + (module ?? "").replaceAll(".", "/");
    const source = (await text(`${path}.py`)) ?? (await text(`${path}/__init__.py`));
    if (source === undefined) continue;
    const script = `import sys; from ${module} import ${call}; sys.exit(${call}())`;
    return /__main__/.test(source) ? runs("-m", module ?? "") : runs("-c", script);
  }
  return module === undefined ? undefined : { run: ["python3", "-m", module] };
}

const SCRIPT = /^\[(?:project|tool\.poetry)\.scripts\]\s*^[\w."-]+\s*=\s*["']([\w.]+):(\w+)/m;
