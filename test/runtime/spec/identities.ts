import type { Identity, Ids } from "../../../runtime/spec/namespaces.ts";

const ALL = [{ containerID: 0, hostID: 0, size: 2 ** 32 - 1 }];

const NONE = { uids: [], gids: [] };

/** Those of a machine. */
export const ALL_IDS: Ids = { uids: ALL, gids: ALL, setgroups: true };

export const ROOT: Identity = {
  uid: 0,
  gid: 0,
  sysAdmin: true,
  isFirst: true,
  netAdmin: true,
  ids: ALL_IDS,
  subordinate: NONE,
};

/** An ordinary user of the machine. */
export const USER: Identity = {
  uid: 1000,
  gid: 100,
  sysAdmin: false,
  isFirst: true,
  netAdmin: false,
  ids: ALL_IDS,
  subordinate: NONE,
};

/** Root in a user namespace of which it is the only user, as `unshare --map-root-user` makes it. */
export const LONE_ROOT: Identity = {
  uid: 0,
  gid: 0,
  sysAdmin: true,
  isFirst: false,
  netAdmin: false,
  ids: {
    uids: [{ containerID: 0, hostID: 1000, size: 1 }],
    gids: [{ containerID: 0, hostID: 100, size: 1 }],
    setgroups: false,
  },
  subordinate: NONE,
};
