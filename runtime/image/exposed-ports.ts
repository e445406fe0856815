const EXPOSED = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i;
const PORT_MAX = 65_535;

/** What a Dockerfile's EXPOSE takes, PORT[-PORT][/PROTOCOL], as PORT/PROTOCOL each; none where it is not that. */
export function exposedPorts(written: string): string[] {
  const [, first, last = first, protocol = "tcp"] = EXPOSED.exec(written) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (!(from >= 1 && to >= from && to <= PORT_MAX)) return [];
  return Array.from({ length: to - from + 1 }, (_, i) => `${from + i}/${protocol.toLowerCase()}`);
}
