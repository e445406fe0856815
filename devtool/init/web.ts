import type { DevtoolConfig } from "../config/config.ts";
import type { Files } from "./detected.ts";

/** Programs that serve a project in the browser and take its changes while they run, and their ports. */
const SERVERS: ReadonlyMap<string, string> = new Map([
  ["vite", "5173"],
  ["next", "3000"],
  ["nuxt", "3000"],
  ["nuxi", "3000"],
  ["remix", "5173"],
  ["react-router", "5173"],
  ["astro", "4321"],
  ["ng", "4200"],
  ["react-scripts", "3000"],
  ["vue-cli-service", "8080"],
  ["gatsby", "8000"],
  ["webpack-dev-server", "8080"],
  ["parcel", "1234"],
  ["strapi", "1337"],
  // These load files by their folder, or need what the compiler writes of decorators: a bundle has neither.
  ["fastify", "3000"],
  ["nest", "3000"],
]);

/** Those that take changes only where the script says so. */
const WATCH_IF_ASKED = ["fastify", "nest"];

/** How packages are installed as a lock file says, and who has it. */
const INSTALLS: readonly (readonly [file: string, ...command: readonly [string, ...string[]]])[] = [
  ["pnpm-lock.yaml", "pnpm", "install", "--frozen-lockfile"],
  ["yarn.lock", "yarn", "install", "--frozen-lockfile"],
  ["bun.lock", "bun", "install", "--frozen-lockfile"],
  ["bun.lockb", "bun", "install", "--frozen-lockfile"],
  ["package-lock.json", "npm", "ci"],
  ["package.json", "npm", "install", "--no-package-lock"],
];

/** For a package whose script starts such a server: it runs on the target as it would here. */
export async function webConfig(
  { text }: Files,
  scripts: Readonly<Record<string, unknown>>,
): Promise<DevtoolConfig | undefined> {
  for (const name of ["dev", "start:dev", "start", "serve"]) {
    const words = String(scripts[name] ?? "").split(/\s+/);
    const server = words.find((word) => SERVERS.has(word));
    if (server === undefined) continue;
    const watches = !WATCH_IF_ASKED.includes(server) || words.some((word) => /^(?:-w|--watch)$/.test(word));
    const port = /(?:-p|--port)[ =](\d+)/.exec(words.join(" "))?.[1] ?? SERVERS.get(server) ?? "";
    for (const [file, manager, ...words] of INSTALLS) {
      if ((await text(file)) === undefined) continue;
      return {
        afterSync: [{ changed: [file], run: [manager, ...words] }],
        run: [manager, "run", name],
        ...(watches ? { restart: { ignore: ["*", "!/package.json"] } } : {}),
        forward: [port],
      };
    }
  }
  return undefined;
}
