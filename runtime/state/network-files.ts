import { openSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../failure.ts";
import { errnoText } from "../host/errno.ts";
import { bootId } from "../host/process.ts";
import type { Shim } from "../host/shim.ts";
import type { Attachment, HostEntry, Lease, Network, Networks, PublishedPort } from "../network/network.ts";
import {
  isBoolean,
  isListOf,
  isMapOf,
  isOneOf,
  isRecordOf,
  isText,
  isTrue,
  isWhole,
  parseJson,
  type Shape,
} from "../shape.ts";
import { replaceFile } from "./replace-file.ts";
import { textOf } from "./text-of.ts";

/*
 * Two files, each replaced as a whole. `store` has the networks, and lasts when the machine loses power. `leases` has what is
 * void after that, changes with each container, and is not worth the wait for a disk.
 */

/** The networks of a state directory and who is on them, changed under one lock. */
export interface NetworkStore extends Networks {
  /** The boot of which the fields below tell: links, rules and processes of an earlier one are gone. */
  readonly boot: string;
  readonly leases: readonly Lease[];
  /** The last address given in each network. */
  readonly last: Readonly<Record<string, string>>;
  /** Our rules in the kernel; absent when there are none. */
  readonly declared?: Declared;
}

export interface Declared {
  /** nf_tables' generation after they were declared; each later change, by whomever, raises it. */
  readonly generation?: number;
  /** A hash of their text. */
  readonly rules: number;
}

const VERSION = 1;

const isPort: Shape<PublishedPort> = isRecordOf(
  { protocol: isOneOf("tcp", "udp"), host: isWhole, container: isWhole },
  { address: isText },
);
const isAttachment: Shape<Attachment> = isRecordOf(
  { network: isText, ipv4: isText, aliases: isListOf(isText) },
  { ipv6: isText, mac: isText, link: isText, unfinished: isTrue },
);
const isHostEntry: Shape<HostEntry> = isRecordOf({ address: isText, names: isListOf(isText) });
const isLease: Shape<Lease> = isRecordOf(
  {
    container: isText,
    hostname: isText,
    attachments: isListOf(isAttachment),
    ports: isListOf(isPort),
    extraHosts: isListOf(isHostEntry),
  },
  { name: isText, domainname: isText, links: isListOf(isRecordOf({ to: isText, alias: isText })) },
);
const isNetwork: Shape<Network> = isRecordOf(
  {
    name: isText,
    bridge: isText,
    subnet: isText,
    gateway: isText,
    internal: isBoolean,
    mtu: isWhole,
    created: isWhole,
  },
  { ipv6: isRecordOf({ subnet: isText, gateway: isText }), labels: isMapOf(isText) },
);
const isNetworkList = isRecordOf({ version: isOneOf(VERSION), networks: isListOf(isNetwork) });
const isLeaseList: Shape<Leases> = isRecordOf(
  { boot: isText, leases: isListOf(isLease), last: isMapOf(isText) },
  { declared: isRecordOf({ rules: isWhole }, { generation: isWhole }) },
);

type Leases = Omit<NetworkStore, "networks">;

/** Throws Failure for one that is damaged. `directory`: that of the networks. */
export function readStore(directory: string): NetworkStore {
  return { ...readLeases(join(directory, "leases")), networks: readNetworkList(join(directory, "store")) };
}

function readNetworkList(path: string): readonly Network[] {
  const text = textOf(path);
  if (text === undefined) return [];
  const list = parseJson(text);
  if (isNetworkList(list)) return list.networks;
  const newer = isRecordOf({ version: isWhole })(list) && list.version > VERSION;
  throw newer
    ? damaged(`${path} was written by a newer tinydocker`, "use that version")
    : damaged(
        `${path} is damaged: it is not a list of networks`,
        "end the containers, remove the file, and create the networks again",
      );
}

/** An empty file is what a loss of power leaves. */
function readLeases(path: string): Leases {
  const none = { boot: bootId(), leases: [], last: {} };
  const text = textOf(path);
  if (!text) return none;
  const leases = parseJson(text);
  if (isLeaseList(leases)) return leases.boot === none.boot ? leases : none;
  throw damaged(
    `${path} is damaged: it is not a list of the containers' addresses`,
    "end the containers, and remove the file",
  );
}

function damaged(message: string, remedy: string): Failure {
  return new Failure(message, { code: "state-damaged", remedy });
}

/** Writes what is not as in `before`. */
export function writeStore(shim: Shim, directory: string, store: NetworkStore, before: NetworkStore): void {
  const { networks, ...leases } = store;
  if (networks !== before.networks) writeNetworkList(join(directory, "store"), networks);
  writeLeases(shim, join(directory, "leases"), leases);
}

function writeNetworkList(path: string, networks: readonly Network[]): void {
  const content = `${JSON.stringify({ version: VERSION, networks })}\n`;
  replaceFile(path, `${path}.new`, openNew, { content, lasting: true });
}

function writeLeases(shim: Shim, path: string, leases: Leases): void {
  const content = `${JSON.stringify(leases)}\n`;
  const rename = (from: string, to: string) => {
    const result = shim.replace(from, to);
    if (result < 0) throw new Failure(`can't replace ${to}: ${errnoText(-result)}`, { code: "state-unwritable" });
  };
  replaceFile(path, `${path}.new`, openNew, { content, lasting: false, rename });
}

function openNew(path: string): number {
  return openSync(path, "w", 0o600);
}
