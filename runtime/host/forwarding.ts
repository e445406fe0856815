import { readFileSync, writeFileSync } from "node:fs";

const IPV4 = "/proc/sys/net/ipv4/ip_forward";

/** Makes this machine pass packets on between its links. Returns whether it did not before. */
export function switchForwardingOn(path = IPV4): boolean {
  if (readFileSync(path, "utf8").trim() !== "0") return false;
  writeFileSync(path, "1");
  return true;
}
