// What the package's types refuse. If types were missing, each of these directives would be an error.
import { type ContainerRequest, type ExitStatus, importImage, pullImage, start } from "tinydocker";
import { type DevtoolConfig, defineConfig, type TargetSettings } from "tinydocker/config";

// @ts-expect-error: without a command
export const incomplete: ContainerRequest = { name: "a" };
// @ts-expect-error: a signal and a code
export const both: ExitStatus = { code: 1, signal: "SIGTERM" };
// @ts-expect-error: no such kind
export const target: TargetSettings = { kind: "moon" };
// @ts-expect-error: not an array of strings
export const config: DevtoolConfig = { run: "node" };
// @ts-expect-error: no such key
defineConfig({ bundel: { entryPoints: ["a.ts"] } });
export const mistakes = [
  // @ts-expect-error: misspelt
  () => start({ name: "a", args: ["true"], volume: [] }),
  // @ts-expect-error: not a number
  () => importImage("a", 1),
  // @ts-expect-error: not a function
  () => pullImage("a", { progress: true }),
  // @ts-expect-error: not a signal
  async () => (await start({ name: "a", args: ["true"] })).kill("SIGNOSUCH"),
];
