/** A program that copies packets between a container's link and sockets of the user who started it, so it needs no root. */
export type UserModeProgram = (typeof USER_MODE_PROGRAMS)[number];

/** The first one that is installed is used. */
export const USER_MODE_PROGRAMS = ["slirp4netns", "pasta"] as const;

/** Where it answers DNS, by asking the machine's own name servers. */
export const NAME_SERVERS: Readonly<Record<UserModeProgram, string>> = {
  slirp4netns: "10.0.2.3",
  pasta: "169.254.1.1",
};

const LINK = "eth0";

export function isUserModeProgram(name: string): name is UserModeProgram {
  return USER_MODE_PROGRAMS.some((program) => program === name);
}

/**
 * Its arguments: it gives the container an address and a way out, but no way to servers on the machine's loopback.
 * `namespaces`: /proc/PID/ns of the container. `joinsUser`: it must enter the container's user namespace first.
 */
export function userModeArguments(program: UserModeProgram, namespaces: string, joinsUser: boolean): string[] {
  switch (program) {
    case "slirp4netns":
      return [
        ...["--configure", "--mtu=65520", "--disable-host-loopback", "--netns-type=path"],
        ...(joinsUser ? [`--userns-path=${namespaces}/user`] : []),
        ...[`${namespaces}/net`, LINK],
      ];
    case "pasta":
      return [
        ...["--foreground", "--config-net", "--ns-ifname", LINK, "--dns-forward", NAME_SERVERS.pasta],
        // By default it forwards ports both ways, and the gateway's address leads to the machine's loopback.
        ...["--no-map-gw", ...["-t", "-u", "-T", "-U"].flatMap((direction) => [direction, "none"])],
        ...(joinsUser ? ["--userns", `${namespaces}/user`] : ["--netns-only"]),
        ...["--netns", `${namespaces}/net`],
      ];
  }
}

/** Both programs set the default route last. `route`: /proc/PID/net/route. */
export function hasDefaultRoute(route: string): boolean {
  return route.split("\n").some((line) => line.split("\t")[1] === "00000000");
}
