import { freePort } from "../host/network/free-port.ts";
import type { ImageConfig } from "../image/config.ts";
import { PORT_MAX, WITHOUT_HOST_PORT } from "../network/publish.ts";

const EXPOSED = /^(\d{1,5})(?:\/(tcp|udp))?$/;
const RANGE_MAX = 1024;

/** What -p takes, with a free port of this machine where none is named. */
export async function withHostPorts(publish: readonly string[], ports = new FreePorts()): Promise<string[]> {
  const published: string[] = [];
  for (const one of publish) {
    const [, address, first, last = first, written = "tcp"] = WITHOUT_HOST_PORT.exec(one) ?? [];
    const protocol = written.toLowerCase();
    const at = address === undefined ? "" : `${address}:`;
    const range = portsIn(Number(first), Number(last));
    if (range.length === 0) published.push(one);
    for (const port of range) published.push(`${at}${await ports.next(protocol)}:${port}/${protocol}`);
  }
  return published;
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
  readonly #given = new Set<number>();

  async next(protocol: string): Promise<number> {
    for (;;) {
      const port = await freePort(protocol === "udp" ? "udp" : "tcp");
      if (this.#given.has(port)) continue;
      this.#given.add(port);
      return port;
    }
  }
}
