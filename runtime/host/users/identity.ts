import { readFileSync, readlinkSync } from "node:fs";
import { CAP } from "../../linux.ts";
import type { UserNamespaceFacts } from "../../plan/host-facts.ts";
import type { Identity, IdMapping } from "../../spec/namespaces.ts";
import { subordinateIds } from "./subordinate-ids.ts";

/** The first user namespace has this number on every machine: PROC_USER_INIT_INO of linux/proc_ns.h. */
const FIRST = "user:[4026531837]";
const ALL: readonly IdMapping[] = [{ containerID: 0, hostID: 0, size: 2 ** 32 - 1 }];

/** What the kernel says of this process. */
export function identity(): Identity {
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  const { isFirst, setgroups } = userNamespaceFacts();
  // A user other than root loses its capabilities when it executes the init.
  const held = uid === 0 ? effectiveCapabilities() : 0n;
  const sysAdmin = hasCapability(held, CAP.CAP_SYS_ADMIN);
  const ids = {
    uids: isFirst ? ALL : mappingsIn(readFileSync("/proc/self/uid_map", "utf8")),
    gids: isFirst ? ALL : mappingsIn(readFileSync("/proc/self/gid_map", "utf8")),
    setgroups,
  };
  return {
    uid,
    gid,
    sysAdmin,
    isFirst,
    netAdmin: sysAdmin && isFirst && hasCapability(held, CAP.CAP_NET_ADMIN),
    ids,
    subordinate: sysAdmin ? { uids: [], gids: [] } : subordinateIds(uid, ids),
  };
}

export function isFirstUserNamespace(): boolean {
  return readlinkSync("/proc/self/ns/user") === FIRST;
}

export function userNamespaceFacts(): UserNamespaceFacts {
  const isFirst = isFirstUserNamespace();
  return { isFirst, setgroups: isFirst || readFileSync("/proc/self/setgroups", "utf8").startsWith("allow") };
}

/** Lines of uid_map or gid_map: user_namespaces(7). */
export function mappingsIn(map: string): IdMapping[] {
  return map.split("\n").flatMap((line) => {
    const [containerID, hostID, size] = line.trim().split(/\s+/).map(Number);
    return size === undefined ? [] : [{ containerID: containerID ?? 0, hostID: hostID ?? 0, size }];
  });
}

function effectiveCapabilities(): bigint {
  const [, mask = "0"] = /^CapEff:\t([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return BigInt(`0x${mask}`);
}

function hasCapability(mask: bigint, number: number): boolean {
  return ((mask >> BigInt(number)) & 1n) === 1n;
}
