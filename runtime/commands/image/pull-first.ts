import { Failure } from "../../failure.ts";
import { availableImages, HOST, imageExists } from "../../image/resolve.ts";
import { stateRoot } from "../../state/root.ts";
import type { PullFirst } from "../run/run-arguments.ts";

/** Where the image is fetched first. By a process of its own: what a registry needs takes long to load, and would stay in memory. */
export async function pullFirst(image = HOST.name, { policy, isQuiet }: PullFirst): Promise<void> {
  if (image === HOST.name || policy === "never" || (policy === "missing" && imageExists(stateRoot(), image))) return;
  const { spawnSync } = await import("node:child_process");
  const self = [...process.execArgv, ...(process.argv[1] === undefined ? [] : ["--", process.argv[1]])];
  const pull = isQuiet ? ["pull", "--quiet"] : ["pull"];
  const { status, signal } = spawnSync(process.execPath, [...self, ...pull, image], {
    stdio: ["ignore", isQuiet ? "ignore" : 2, 2],
  });
  if (status === 0) return;
  if (signal) process.kill(process.pid, signal);
  throw new Failure(`the image ${image} was not pulled, so nothing was started`, {
    code: "image-not-found",
    remedy: `available here: ${availableImages(stateRoot())}`,
  });
}
