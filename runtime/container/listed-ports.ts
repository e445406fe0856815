import type { PublishedPort } from "../network/network.ts";
import { publishedOn, socketText } from "../network/publish.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import { EXPOSED_PORTS } from "./request/image-defaults.ts";

/** A port in a container. */
export interface ExposedPort {
  readonly container: number;
  readonly protocol: string;
}

/** Those that the image names and that are not published. */
export function exposedAlone({ annotations, network }: ContainerSpec): ExposedPort[] {
  const named = annotations[EXPOSED_PORTS]?.split(",") ?? [];
  return named
    .map((one) => {
      const [port, protocol = "tcp"] = one.split("/");
      return { container: Number(port), protocol };
    })
    .filter((one) => !network.ports.some((port) => isSame(port, one)));
}

function isSame(one: ExposedPort, other: ExposedPort): boolean {
  return one.container === other.container && one.protocol === other.protocol;
}

interface Group {
  /** Empty: it is not published. */
  readonly address: string;
  readonly protocol: string;
  readonly first: number;
  readonly last: number;
}

/**
 * As docker ps lists them: `0.0.0.0:8000-8010->8000-8010/tcp` of those in a row that are the same ones in the container, then each of
 * the others alone; `80/tcp` of those that are not published.
 */
export function portsInWords(ports: readonly PublishedPort[], exposed: readonly ExposedPort[] = []): string {
  const published = ports.flatMap((port) => publishedOn(port).map((address) => ({ ...port, address })));
  const each = [...published, ...exposed.map((port) => ({ ...port, host: port.container, address: "" }))].sort(
    (a, b) => a.container - b.container || compare(a.address, b.address) || a.host - b.host,
  );
  const groups = grouped(each.filter(({ host, container }) => host === container));
  const others = each.filter(({ host, container }) => host !== container);
  return [
    ...groups.map(groupText),
    ...others.map(({ address, host, container, protocol }) => `${socketText(address, host)}->${container}/${protocol}`),
  ].join(", ");
}

/** In the order of the first of each. */
function grouped(
  ports: readonly (ExposedPort & { readonly address: string; readonly host: number })[],
): readonly Group[] {
  const groups: Group[] = [];
  for (const { address, protocol, host } of ports) {
    const at = groups.findIndex((one) => one.address === address && one.protocol === protocol && one.last + 1 === host);
    const before = groups[at];
    if (before) groups[at] = { ...before, last: host };
    else groups.push({ address, protocol, first: host, last: host });
  }
  return groups;
}

function groupText({ address, protocol, first, last }: Group): string {
  if (address === "") return `${first === last ? first : `${first}-${last}`}/${protocol}`;
  if (first === last) return `${socketText(address, first)}->${first}/${protocol}`;
  return `${socketText(address, first)}-${last}->${first}-${last}/${protocol}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
