import { spawn } from "node:child_process";
import { Failure } from "../../../failure.ts";
import type { PublishedPort } from "../../../network/network.ts";

/** A socket of this process at a published port. */
export interface PublishedSocket {
  readonly fd: number;
  readonly port: PublishedPort;
}

/** To a container: its address, and the host's end of its cable. */
export interface Way {
  readonly address: string;
  readonly link: string;
}

/** Waits until it may become the program: by then the next command would find it, and end it, if this process is killed. */
const HELD_BACK = 'read -r go && exec "$@"';

/**
 * Leaves the sockets to tinydocker-proxy, which passes on to the container's address what comes there, and outlives this process.
 * `hold` is called with its pid before it runs. Throws Failure.
 */
export function leaveToProxy(
  program: string,
  { address, link }: Way,
  sockets: readonly PublishedSocket[],
  hold: (pid: number) => void,
): void {
  const published = sockets.map(({ port }) => `${port.protocol}:${port.container}`);
  const child = spawn("/bin/sh", ["-c", HELD_BACK, "sh", program, address, link, ...published], {
    cwd: "/",
    env: {},
    detached: true,
    stdio: ["pipe", "ignore", "ignore", ...sockets.map(({ fd }) => fd)],
  });
  child.on("error", () => {});
  child.stdin?.on("error", () => {});
  if (child.pid === undefined)
    throw new Failure("can't start what passes on to published ports", { code: "limit-reached" });
  hold(child.pid);
  child.stdin?.end("go\n");
  child.unref();
}
