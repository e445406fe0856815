import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";
import { built } from "../../rig/built.ts";
import { needs, temporaryDirectory } from "../../rig/host.ts";
import { machine } from "../../rig/machine.ts";
import { startSshd } from "../../rig/sshd.ts";
import { tinydocker } from "../../rig/tinydocker.ts";
import { compare, scriptOf, stepsOf } from "./session.ts";

const PROJECT = join(import.meta.dirname, "../../..");
const CHAPTERS = ["1-build-loop", "2-namespaces", "3-root", "4-network", "5-limits"];
const root = process.geteuid?.() === 0 ? undefined : "root";

function page(name: string): string {
  return readFileSync(join(PROJECT, "docs/tutorial", `${name}.md`), "utf8");
}

/** A program of that name in `directory`, as a shell script. */
async function program(directory: string, name: string, script: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(directory, name), 0o755);
}

/** A command that never ends is then reported as the one whose output is missing. */
const SESSION_MS_MAX = 150_000;

/** Runs a chapter's commands in one shell, and compares what each prints. */
async function follow(chapter: string, prefix: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  const steps = stepsOf(page(chapter));
  assert.ok(steps.length > 5, "there is something to run");
  const script = join(cwd, `.${chapter}.sh`);
  await writeFile(script, scriptOf(steps));
  const [file = "", ...args] = [...prefix, "bash", script];
  // A shell ends with the code of its last command, which may be a failure that the page shows.
  const options = { cwd, env: { ...process.env, ...env, LANG: "C.UTF-8" }, timeout: SESSION_MS_MAX };
  const run = promisify(execFile)(file, args, options);
  const { stdout } = await run.catch((error: { stdout: string }) => error);
  compare(steps, stdout);
}

describe("the commands of the tutorial print what it says", () => {
  test("of the build loop, here and on a host over SSH", async (context) => {
    if (!needs(context, root)) return;
    const home = await temporaryDirectory(context);
    const sshd = await startSshd(context);
    // OpenSSH looks for ~/.ssh/config in the home of passwd, so a file of another name has to be told.
    const config = join(home, "ssh_config");
    await writeFile(config, (await readFile(sshd.configFile, "utf8")).replace(/^Host .*$/m, "Host box"));
    const bin = join(home, "bin");
    const node = `'${process.execPath}' '${join(await built(), "dist/devtool.cjs")}'`;
    await program(bin, "devtool", `command=$1; shift; exec ${node} "$command" --ssh-config '${config}' "$@"`);
    await follow("1-build-loop", [], home, { HOME: home, PATH: `${bin}:${process.env["PATH"]}` });
  });

  test("of the container: namespaces, root, network and limits", async (context) => {
    if (!needs(context, root)) return;
    const rig = await tinydocker({ after });
    const here = await machine({ after });
    const bin = join(rig.directory, "bin");
    await program(bin, "tinydocker", `exec '${process.execPath}' -- '${rig.program}' "$@"`);
    const env = { TINYDOCKER_ROOT: rig.root, PATH: `${bin}:${process.env["PATH"]}`, TINYDOCKER_NETWORK: "none" };
    await follow("2-namespaces", here.prefix, rig.directory, env);
    await follow("3-root", here.prefix, rig.directory, env);
    await follow("4-network", here.prefix, rig.directory, { ...env, TINYDOCKER_NETWORK: "" });
    await follow("5-limits", here.prefix, rig.directory, env);
  });
});

test("a command that prints something else, nothing or too much is found", () => {
  const [step] = stepsOf("```console\n$ echo a\n> b\na …\n…\nend\n```\n");
  assert.deepEqual(step, { command: "echo a\nb", output: ["a …", "…", "end"] });
  for (const printed of ["a 1\nend\n", "a x\n1\n2\nend\n"]) compare([step], `${printed}\u001e`);
  for (const printed of ["", "b\nend\n", "a 1\n", "a 1\nend\nmore\n"])
    assert.throws(() => compare([step], `${printed}\u001e`), /echo a/);
  assert.throws(() => compare([step], "a 1\nend\n"), /every command was run/);
});

test("the Chinese chapters have the same commands and outputs, and the same pictures", () => {
  const pictures = (text: string) => [...text.matchAll(/!\[[^\]]*\]\(([^)]*)\)/g)].map(([, path]) => path);
  for (const chapter of CHAPTERS) {
    const [english, chinese] = [page(chapter), page(`${chapter}.zh-CN`)];
    assert.deepEqual(stepsOf(chinese), stepsOf(english), chapter);
    assert.deepEqual(pictures(chinese), pictures(english));
    assert.match(chinese, /\p{Script=Han}/u);
  }
});

/** As GitHub makes them of headings. */
function anchorsOf(page: string): string[] {
  const text = readFileSync(join(PROJECT, page), "utf8");
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

test("every page, heading and picture that docs/ and the READMEs link to exists, and each page and picture is linked to", () => {
  const names = readdirSync(join(PROJECT, "docs"), { encoding: "utf8", recursive: true });
  const pages = names.filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`);
  const linked = new Set<string>();
  for (const from of ["README.md", "README.zh-CN.md", ...pages]) {
    const text = readFileSync(join(PROJECT, from), "utf8");
    for (const [link, path = "", anchor] of text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)) {
      const target = path === "" ? from : join(dirname(from), path);
      assert.ok(existsSync(join(PROJECT, target)), `${from}: ${link}`);
      assert.ok(anchor === undefined || anchorsOf(target).includes(anchor), `${from}: ${link}`);
      linked.add(target);
    }
  }
  const pictures = readdirSync(join(PROJECT, "docs/pictures")).map((name) => `docs/pictures/${name}`);
  assert.deepEqual(
    [...pages, ...pictures].filter((path) => !linked.has(path)),
    [],
  );
});
