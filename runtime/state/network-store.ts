import { closeSync, constants, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Failure } from "../failure.ts";
import { errnoText } from "../host/errno.ts";
import { makeDirectory } from "../host/make-directory.ts";
import { bootId } from "../host/process.ts";
import type { Shim } from "../host/shim.ts";
import { ERRNO } from "../linux.ts";
import type { Attachment, HostEntry, Lease, Network, Networks, PublishedPort } from "../network/network.ts";
import { isBoolean, isListOf, isMapOf, isOneOf, isRecordOf, isText, isWhole, parseJson, type Shape } from "../shape.ts";
import { isMissing } from "./lock.ts";
import { replaceFile } from "./replace-file.ts";

/** The networks of a state directory and who is on them: one file, replaced as a whole, and changed under one lock. */
export interface NetworkStore extends Networks {
  readonly version: 1;
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
/** How long another process may hold the lock; what it does takes milliseconds. */
const LOCK_WAIT_MS = 10_000;
const LOCK_POLL_MS = 1;

const isPort: Shape<PublishedPort> = isRecordOf(
  { protocol: isOneOf("tcp", "udp"), host: isWhole, container: isWhole },
  { address: isText },
);
const isAttachment: Shape<Attachment> = isRecordOf(
  { network: isText, ipv4: isText, aliases: isListOf(isText) },
  { ipv6: isText },
);
const isHostEntry: Shape<HostEntry> = isRecordOf({ address: isText, names: isListOf(isText) });
const isLease: Shape<Lease> = isRecordOf({
  container: isText,
  hostname: isText,
  attachments: isListOf(isAttachment),
  ports: isListOf(isPort),
  extraHosts: isListOf(isHostEntry),
});
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
  { ipv6: isRecordOf({ subnet: isText, gateway: isText }) },
);
const isStore: Shape<NetworkStore> = isRecordOf(
  {
    version: isOneOf(VERSION),
    boot: isText,
    networks: isListOf(isNetwork),
    leases: isListOf(isLease),
    last: isMapOf(isText),
  },
  { declared: isRecordOf({ rules: isWhole }, { generation: isWhole }) },
);

/** The store as one process may change it, while it holds the lock. */
export interface Held {
  readonly store: NetworkStore;
  /** Written at the end, unless `work` throws; networks at once, to last. */
  save(store: NetworkStore): void;
  /** Writes at once what was saved so far. */
  write(): void;
}

/** Calls `work` with the store while this process alone may change it. Throws Failure for one that is damaged. */
export async function withNetworks<T>(shim: Shim, root: string, work: (held: Held) => Promise<T>): Promise<T> {
  const directory = join(root, "networks");
  const fd = openLock(directory);
  try {
    await lock(shim, fd, join(directory, "lock"));
    const path = join(directory, "store");
    const held = holding(path, readStore(path));
    const result = await work(held);
    held.write();
    return result;
  } finally {
    closeSync(fd);
  }
}

function holding(path: string, found: NetworkStore): Held {
  let [store, written] = [found, found];
  const write = () => {
    if (store !== written) writeStore(path, store, store.networks !== written.networks);
    written = store;
  };
  return {
    get store() {
      return store;
    },
    save(changed) {
      const isLasting = changed.networks !== store.networks;
      store = changed;
      if (isLasting) write();
    },
    write,
  };
}

/** What there is now, without the lock: the file is replaced as a whole. */
export function readNetworks(root: string): NetworkStore {
  return readStore(join(root, "networks", "store"));
}

function openLock(directory: string): number {
  const open = () => openSync(join(directory, "lock"), constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    return open();
  } catch (error) {
    if (!isMissing(error)) throw error;
    makeDirectory(directory);
    return open();
  }
}

async function lock(shim: Shim, fd: number, path: string): Promise<void> {
  const deadline = Date.now() + LOCK_WAIT_MS;
  for (;;) {
    const result = shim.lock(fd);
    if (result === 0) return;
    if (result !== -ERRNO.EAGAIN)
      throw new Failure(`can't lock ${path}: ${errnoText(-result)}`, { code: "state-unwritable" });
    if (Date.now() >= deadline) {
      throw new Failure(`another process has been changing the networks for ${LOCK_WAIT_MS / 1000} s`, {
        code: "limit-reached",
        remedy: `fuser -v ${path} shows which process holds the lock`,
      });
    }
    await setTimeout(LOCK_POLL_MS);
  }
}

function readStore(path: string): NetworkStore {
  const empty = { version: VERSION, boot: bootId(), networks: [], leases: [], last: {} } as const;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return empty;
    throw error;
  }
  const store = parseJson(text);
  if (!isStore(store)) throw damaged(path, store);
  return store.boot === bootId() ? store : { ...empty, networks: store.networks };
}

function damaged(path: string, store: unknown): Failure {
  const newer = isRecordOf({ version: isWhole })(store) && store.version > VERSION;
  return new Failure(
    `${path} ${newer ? "was written by a newer tinydocker" : "is damaged: it is not a list of networks"}`,
    {
      code: "state-damaged",
      remedy: newer ? "use that version" : "end the containers, remove the file, and create the networks again",
    },
  );
}

/** `lasting`: also when the machine loses power. Leases are void after that, and are not worth the wait. */
function writeStore(path: string, store: NetworkStore, lasting: boolean): void {
  const open = (unfinished: string) => openSync(unfinished, "w", 0o600);
  replaceFile(path, `${path}.new`, open, { content: `${JSON.stringify(store)}\n`, lasting });
}
