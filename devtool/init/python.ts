import type { DevtoolConfig } from "../config/config.ts";
import type { Detected, Files } from "./detected.ts";

const PROGRAMS = ["main.py", "app.py", "server.py", "src/main.py", "__main__.py"];
/** What says that a folder is a Python project, and may name its script. */
const MANIFESTS = ["pyproject.toml", "setup.cfg", "setup.py", "requirements.txt"];

export async function pythonProject(files: Files): Promise<Detected | undefined> {
  const program = (await programOf(files)) ?? (await packageOf(files));
  const config = program && { ...(await variables(files)), ...program };
  return config && { kind: "Python", config, fills: ["__pycache__/", ".venv/", ...(await environments(files))] };
}

/** python-dotenv reads them from .env, which git ignores. */
async function variables({ text }: Files): Promise<Pick<DevtoolConfig, "envFile">> {
  const manifests = await Promise.all(MANIFESTS.map(text));
  const isRead = manifests.some((manifest) => /\bpython-dotenv\b/.test(manifest ?? ""));
  return isRead && (await text(".env")) !== undefined ? { envFile: ".env" } : {};
}

/** Of packages for this machine, whatever their folder is called. */
async function environments({ text, names }: Files): Promise<string[]> {
  const folders = (await names("")).filter((name) => name !== ".venv");
  const marks = await Promise.all(folders.map((name) => text(`${name}/pyvenv.cfg`)));
  return folders.filter((_, index) => marks[index] !== undefined).map((name) => `/${name}/`);
}

async function programOf({ text }: Files): Promise<DevtoolConfig | undefined> {
  for (const program of PROGRAMS) if ((await text(program)) !== undefined) return { run: ["python3", program] };
  // Django's own reloader would do again what watch does.
  if ((await text("manage.py")) !== undefined) return { run: ["python3", "manage.py", "runserver", "--noreload"] };
  return undefined;
}

/**
 * A package by the script that its manifest names, or its __main__.py, in its own folder or in src; else a file or module
 * that is made to be run; else its tests.
 */
async function packageOf(files: Files): Promise<DevtoolConfig | undefined> {
  const { text, names } = files;
  const manifests = (await Promise.all(MANIFESTS.map(text))).filter((manifest) => manifest !== undefined);
  if (manifests.length === 0) return undefined;
  const [, module, call] = manifests.map(scriptIn).find((script) => script !== undefined) ?? [];
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
  if (module !== undefined) return { run: ["python3", "-m", module] };
  return { run: ["python3", ...((await fileToRun(files)) ?? (await testsOf(files, manifests)))] };
}

function scriptIn(manifest: string): RegExpExecArray | undefined {
  return SCRIPT.exec(manifest) ?? CONSOLE_SCRIPT.exec(manifest) ?? undefined;
}

const SCRIPT = /^\[(?:project|tool\.poetry)\.scripts\]\s*^[\w."-]+\s*=\s*["']([\w.]+):(\w+)/m;
/** Of setuptools: a line of setup.cfg, or a string in setup.py. */
const CONSOLE_SCRIPT = /\bconsole_scripts\W+[\w.-]+\s*=\s*([\w.]+):(\w+)/;

/** In the project's folder, or else in one of its packages. */
async function fileToRun(files: Files): Promise<string[] | undefined> {
  const [file] = await filesToRun(files, "");
  if (file !== undefined) return [file];
  for (const name of await files.names("")) {
    if ((await files.text(`${name}/__init__.py`)) === undefined) continue;
    const [module] = await filesToRun(files, `${name}/`);
    if (module !== undefined) return ["-m", `${name}.${module.replace(/\.py$/, "")}`];
  }
  return undefined;
}

async function filesToRun({ text, names }: Files, folder: string): Promise<readonly string[]> {
  const sources = (await names(folder)).filter((name) => name.endsWith(".py") && !NOT_TO_RUN.test(name));
  const isToRun = async (name: string) => /__name__\s*==\s*["']__main__/.test((await text(`${folder}${name}`)) ?? "");
  const areToRun = await Promise.all(sources.map(isToRun));
  return sources.filter((_, index) => areToRun[index]);
}

const NOT_TO_RUN = /^(?:setup|conftest|test_.*|.*_test)\.py$/;

async function testsOf({ names }: Files, manifests: readonly string[]): Promise<string[]> {
  const here = await names("");
  if (here.includes("conftest.py") || here.includes("pytest.ini") || manifests.some(namesPytest))
    return ["-m", "pytest"];
  // By itself, unittest looks into packages alone.
  const tests = await names("tests/");
  const isPackage = tests.includes("__init__.py");
  return ["-m", "unittest", ...(tests.length > 0 && !isPackage ? ["discover", "tests"] : [])];
}

function namesPytest(manifest: string): boolean {
  return /\bpytest\b/.test(manifest);
}
