import { writeFile } from "node:fs/promises";
import { get } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { find } from "./peers.ts";
import type { Remote } from "./remote.ts";
import { type Contender, interleave } from "./rounds.ts";
import { run } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { type Scope, workDirectory } from "./scope.ts";
import { smallProject } from "./small-project.ts";
import { partsOf, startWatch } from "./watching.ts";

const OURS = "devtool watch --forward";
const SCRIPT = "script, multiplexed ssh -L";
const ROUNDS = 15;
const REPOSITORY = join(import.meta.dirname, "..");
const RETRY_MS = 2;

const server = (answer: string) =>
  `import { createServer } from "node:http";\ncreateServer((_, response) => response.end("${answer}")).listen(80);\n`;

/** From a save to the first answer of the new server, in a container that publishes its port, at a port of this machine. */
export async function publishedPort(remote: Remote, scope: Scope): Promise<Scenario[]> {
  if (!find("ip") || !find("nft")) return [];
  const contenders = [await ours(remote, scope), await script(remote, scope)];
  const results = await interleave(contenders, { rounds: ROUNDS });
  return [{ title: "loop, save → first answer of a container's published port", results, targets: [] }];
}

/** A shell's command line, in the mirror. */
const container = (name: string, port: number, options = "") =>
  `${process.execPath} -- ${join(REPOSITORY, "dist/tinydocker.cjs")} run --init ${options} -v "$PWD:/app" -p ${port}:80 ${name} node /app/.devtool/main.js`;

async function ours({ sshd }: Remote, scope: Scope): Promise<Contender> {
  const root = await smallProject([sshd], scope);
  await writeFile(join(root, "main.ts"), server("0"));
  const command = `TINYDOCKER_ROOT=${await workDirectory(scope)} exec ${container("ours", 18081)}`;
  const { until } = startWatch(["--forward", "18080:18081", "sh", "-c", command], root, scope);
  await until("started");
  await answered(18080, "0");
  const measure = saving(root, 18080, async (milliseconds) => {
    const lines = await until("started");
    const parts = partsOf(lines, lines.at(-1)?.at ?? 0);
    return { milliseconds, parts: { ...parts, "first answer": milliseconds - (lines.at(-1)?.at ?? 0) } };
  });
  return { name: OURS, measure };
}

async function script({ sshd, host, multiplexed }: Remote, scope: Scope): Promise<Contender> {
  const root = await smallProject([sshd], scope);
  const state = `TINYDOCKER_ROOT=${await workDirectory(scope)}`;
  const mirror = join(sshd.home, "published");
  await run([...multiplexed, "-O", "forward", "-L", "18090:localhost:18091", host]);
  const remove = `${state} ${join(REPOSITORY, "dist/tinydocker.cjs")} rm -f script >/dev/null`;
  scope.after(() => run(["sh", "-c", `${remove} || :`]));
  const again = `mkdir -p ${mirror} && cd ${mirror} && { ${remove} || :; ${state} ${container("script", 18091, "-d")} >/dev/null; }`;
  const ssh = multiplexed.join(" ");
  const line = [
    `${join(REPOSITORY, "node_modules/.bin/esbuild")} main.ts --bundle --platform=node --format=cjs --outfile=.devtool/main.js --log-level=warning`,
    `rsync -a --modify-window=-1 --delete -e "${ssh}" ./ ${host}:${mirror}/`,
    `${ssh} ${host} '${again}'`,
  ].join(" && ");
  const measure = saving(
    root,
    18090,
    async (milliseconds) => ({ milliseconds }),
    () => run(["sh", "-c", line], { cwd: root }),
  );
  return { name: SCRIPT, measure };
}

function saving(
  root: string,
  port: number,
  sampleOf: (milliseconds: number) => ReturnType<Contender["measure"]>,
  after: () => Promise<unknown> = () => Promise.resolve(),
): Contender["measure"] {
  let saves = 0;
  return async () => {
    saves += 1;
    const started = performance.now();
    await writeFile(join(root, "main.ts"), server(`${saves}`));
    await Promise.all([after(), answered(port, `${saves}`)]);
    return await sampleOf(performance.now() - started);
  };
}

/** Asks until this is the answer. */
async function answered(port: number, wanted: string): Promise<void> {
  while ((await ask(port)) !== wanted) await pause(RETRY_MS);
}

function ask(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    get({ host: "127.0.0.1", port, agent: false }, (response) => resolve(text(response).catch(() => undefined))).on(
      "error",
      () => resolve(undefined),
    );
  });
}
