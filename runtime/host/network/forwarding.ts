import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const SETTINGS = "/proc/sys/net";
const IPV6_LINKS = `${SETTINGS}/ipv6/conf`;

/** Makes this machine pass packets on between its links. Returns the names of the settings that were off. */
export function switchForwardingOn(ipv6: boolean): string[] {
  const switched: string[] = [];
  if (switchOn("ipv4/ip_forward")) switched.push("net.ipv4.ip_forward");
  if (ipv6 && !isOn("ipv6/conf/all/forwarding")) {
    keepRouterAdvertisements();
    if (switchOn("ipv6/conf/all/forwarding")) switched.push("net.ipv6.conf.all.forwarding");
  }
  return switched;
}

/** A machine that forwards takes no routes from routers any more, unless accept_ra is 2: it would lose its own. */
function keepRouterAdvertisements(): void {
  for (const link of readdirSync(IPV6_LINKS)) {
    const setting = join("ipv6/conf", link, "accept_ra");
    if (readSetting(setting) === "1") writeFileSync(join(SETTINGS, setting), "2");
  }
}

/**
 * Has the kernel ignore router advertisements from containers, which could make one of them this machine's IPv6 gateway
 * (CVE-2020-13401). Without IPv6 there is no such setting, and inside another container it may be read-only.
 */
export function refuseRouterAdvertisements(link: string): void {
  try {
    writeFileSync(join(IPV6_LINKS, link, "accept_ra"), "0");
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (!["ENOENT", "EROFS"].includes(code)) throw error;
  }
}

function switchOn(setting: string): boolean {
  if (isOn(setting)) return false;
  writeFileSync(join(SETTINGS, setting), "1");
  return true;
}

function isOn(setting: string): boolean {
  return readSetting(setting) !== "0";
}

function readSetting(setting: string): string {
  return readFileSync(join(SETTINGS, setting), "utf8").trim();
}
