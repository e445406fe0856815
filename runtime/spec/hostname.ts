import { Failure } from "../failure.ts";
import type { NetworkRequest } from "./network.ts";
import { containerIn, type Others, otherNamed, type Sharing } from "./sharing.ts";

/** The part of a request that is about names. */
export interface NameRequest {
  readonly name: string;
  readonly hostname?: string | undefined;
  readonly domainname?: string | undefined;
  readonly network?: NetworkRequest | undefined;
}

interface Around {
  /** The machine's. */
  readonly hostname?: string;
  readonly others?: Others;
}

/** At most HOST_NAME_MAX of Linux; every container's name is valid here. */
const HOSTNAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/;

/** In a UTS namespace, or in a network, that is another's, it is that one's: the machine's /etc/hosts has no other name. */
export function hostnameOf(
  { name, hostname, network: asked }: NameRequest,
  { uts, network }: Sharing,
  caller: Around,
): string {
  const [joined = ""] = asked?.names ?? [];
  const other = containerIn(joined);
  if (hostname && (uts === "host" || other !== undefined)) {
    const option = uts === "host" ? "--uts host" : `--network ${joined}`;
    throw new Failure(`--hostname can't be used with ${option}: the host name is not the container's own`, {
      code: "usage",
      remedy: "leave one of them out",
    });
  }
  if (uts === "host" || (network === "host" && !hostname)) return caller.hostname ?? name;
  return other === undefined ? checkedHostname(hostname || name) : otherNamed(other, caller.others).hostname;
}

export function domainOf({ domainname, network }: NameRequest, { uts }: Sharing): { readonly domainname?: string } {
  const [joined = ""] = network?.names ?? [];
  if (!domainname) return {};
  if (uts === "host" || containerIn(joined) !== undefined)
    throw new Failure("--domainname can't be used where the host name is not the container's own", {
      code: "usage",
      remedy: `leave it or ${uts === "host" ? "--uts host" : `--network ${joined}`} out`,
    });
  return { domainname: checkedHostname(domainname, "domain name") };
}

function checkedHostname(hostname: string, what = "host name"): string {
  if (HOSTNAME.test(hostname)) return hostname;
  throw new Failure(`${JSON.stringify(hostname)} can't be a ${what}`, {
    code: "usage",
    remedy: "use 1 to 64 letters, digits, '.', '_' and '-', the first one a letter or a digit",
  });
}
