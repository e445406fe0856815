import { Failure } from "../../failure.ts";
import { freePort } from "../../host/network/free-port.ts";
import { isPortUsed } from "../../host/network/port-user.ts";
import { openPorts } from "../../host/network/proxy/ports.ts";
import type { ImageConfig } from "../../image/config.ts";
import type { PublishedPort } from "../../network/network.ts";
import { FROM_RANGE, isChosen, PORT_MAX, publishedPorts, WITHOUT_HOST_PORT } from "../../network/publish.ts";

const EXPOSED = /^(\d{1,5})(?:\/(tcp|udp))?$/;
const RANGE_MAX = 1024;

/** What -p takes, with a free port of this machine where none is named, or several are for one. */
export async function withHostPorts(publish: readonly string[], ports = new FreePorts()): Promise<string[]> {
  const published: string[] = [];
  for (const port of publishedPorts(publish.filter((one) => !isChosen(one)))) ports.give(port);
  for (const one of publish) {
    const candidates = candidatesOf(one);
    published.push(...(candidates.length > 1 ? [await ports.firstFree(candidates, one)] : await named(one, ports)));
  }
  return published;
}

async function named(one: string, ports: FreePorts): Promise<string[]> {
  const [, address, first, last = first, written = "tcp"] = WITHOUT_HOST_PORT.exec(one) ?? [];
  const protocol = written.toLowerCase();
  const at = address === undefined ? "" : `${address}:`;
  const published: string[] = [];
  for (const port of portsIn(Number(first), Number(last)))
    published.push(`${at}${await ports.next(protocol)}:${port}/${protocol}`);
  return published.length > 0 ? published : [one];
}

/** `8080:80`, `8081:80` and `8082:80` of `8080-8082:80`. */
function candidatesOf(one: string): string[] {
  const [, address = "", first, last, target = ""] = FROM_RANGE.exec(one) ?? [];
  return portsIn(Number(first), Number(last)).map((port) => `${address}${port}${target}`);
}

/** None where they are no ports, or too many: those are refused as they are written. */
function portsIn(first: number, last: number): number[] {
  const length = last - first + 1;
  const isRange = first >= 1 && last <= PORT_MAX && length >= 1 && length <= RANGE_MAX;
  return isRange ? Array.from({ length }, (_, i) => first + i) : [];
}

/** A free port of this machine for each that the image names and the request does not publish, as -p takes them. */
export async function publishedForAll(
  publish: readonly string[],
  { ExposedPorts = [] }: ImageConfig = {},
  ports = new FreePorts(),
): Promise<string[]> {
  const published: string[] = [];
  for (const exposed of ExposedPorts) {
    const [, port = "", protocol = "tcp"] = EXPOSED.exec(exposed) ?? [];
    const isAsked = publish.some((one) =>
      one
        .toLowerCase()
        .replace(/\/tcp$/, "")
        .endsWith(`:${port}${protocol === "udp" ? "/udp" : ""}`),
    );
    if (port !== "" && !isAsked) published.push(`${await ports.next(protocol)}:${port}/${protocol}`);
  }
  return published;
}

/** Each once: one that nobody listens at yet may be found free again. */
export class FreePorts {
  readonly #given = new Set<string>();

  async next(protocol: string): Promise<number> {
    for (;;) {
      const port = await freePort(protocol === "udp" ? "udp" : "tcp");
      if (this.give({ host: port, protocol })) return port;
    }
  }

  /** Of `8080:80` and others. `range`: as it was written. Throws Failure where all are used. */
  async firstFree(candidates: readonly string[], range: string): Promise<string> {
    const ports = publishedPorts(candidates);
    const unused = ports.findIndex((port) => !isPortUsed(port.protocol, port.host) && this.give(port));
    if (unused >= 0) return candidates[unused] ?? "";
    // At another address than this.
    for (const [i, port] of ports.entries()) if ((await isFree(port)) && this.give(port)) return candidates[i] ?? "";
    throw new Failure(`-p ${range}: each of these ports of this machine is in use`, {
      code: "port-in-use",
      remedy: "publish others, or end what uses one of them",
    });
  }

  /** Whether nobody had it yet. */
  give({ host, protocol }: { readonly host: number; readonly protocol: string }): boolean {
    const given = this.#given.size;
    return this.#given.add(`${host}/${protocol}`).size > given;
  }
}

async function isFree(port: PublishedPort): Promise<boolean> {
  try {
    (await openPorts([port])).close();
    return true;
  } catch (error) {
    if (error instanceof Failure && error.code === "port-in-use") return false;
    throw error;
  }
}
