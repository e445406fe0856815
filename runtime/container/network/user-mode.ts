import { Failure } from "../../failure.ts";
import { loopbackHosts } from "../../network/hosts-file.ts";
import { resolvConf } from "../../network/resolv-conf.ts";
import { NAME_SERVERS, USER_MODE_PROGRAMS, type UserModeProgram, userModeArguments } from "../../network/user-mode.ts";
import type { NetworkFacts } from "../../plan/host-facts.ts";
import { readIfThere } from "../../resources/network.ts";
import { hasUserNamespace } from "../../spec/namespaces.ts";
import type { ContainerSpec } from "../../spec/spec.ts";
import type { Attached } from "./attached.ts";

/** A way out through slirp4netns or pasta, which can be started only once the container's namespaces exist. Throws Failure. */
export async function attachUserMode(spec: ContainerSpec): Promise<Attached> {
  // Loaded only now: starting programs takes 3 ms to load.
  const { connectUserMode, installed } = await import("../../host/network/user-mode.ts");
  const { program } = spec.network;
  const found = installed(program ? [program] : USER_MODE_PROGRAMS);
  if (!found) throw notInstalled(program);
  const { name, path } = found;
  const command = (namespaces: string) => [path, ...userModeArguments(name, namespaces, hasUserNamespace(spec.linux))];
  return {
    facts: userModeFacts(spec, name),
    close: () => {},
    prepared: () => [{ call: `${command("/proc/PID/ns").join(" ")} &`, reason: "userMode" }],
    connect: (pid, hold) => connectUserMode(command(`/proc/${pid}/ns`), pid, hold),
  };
}

function notInstalled(asked: UserModeProgram | undefined): Failure {
  const what = asked ? `${asked} is not installed` : "neither slirp4netns nor pasta is installed";
  const debianPackage = asked === "pasta" ? "passt" : "slirp4netns";
  return new Failure(`without root, this network needs a program: ${what}`, {
    code: "network-helper-failed",
    remedy: `apt-get install ${debianPackage} as root, or use --network host or none`,
  });
}

function userModeFacts({ network: { extraHosts, dns }, ...spec }: ContainerSpec, name: UserModeProgram): NetworkFacts {
  const servers = dns.servers.length > 0 ? dns.servers : [NAME_SERVERS[name]];
  return {
    hosts: loopbackHosts(spec, extraHosts),
    resolvConf: resolvConf(readIfThere("/etc/resolv.conf"), { ...dns, servers }),
    links: [],
  };
}
