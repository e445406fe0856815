import { Failure } from "../failure.ts";

/** Who the command runs as. */
export interface User {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  readonly home: string;
}

/** The largest id; one more means "leave as it is" to setresuid(2). */
const ID_MAX = 2 ** 32 - 2;

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/**
 * UID[:GID], each a number or a name, resolved with the image's own /etc/passwd and /etc/group (passwd(5), group(5)).
 * Without GID, the user's primary and supplementary groups apply, as with docker.
 */
export function resolveUser(asked: string, passwd: string, group: string): User {
  const [user = "", groupName, ...rest] = asked.split(":");
  if (user === "" || groupName === "" || rest.length > 0) throw unknownUser(asked, "it is not UID[:GID]");
  const accounts = accountsOf(passwd);
  const account = accounts.find(({ name, uid }) => (isNumber(user) ? uid === Number(user) : name === user));
  const uid = isNumber(user) ? checkedId(asked, user) : account?.uid;
  if (uid === undefined) throw unknownUser(asked, `the image has no user ${user}`);
  const groups = groupsOf(group);
  const home = account?.home.startsWith("/") ? account.home : "/";
  if (groupName !== undefined) return { uid, gid: groupId(asked, groupName, groups), additionalGids: [], home };
  const gid = account?.gid ?? 0;
  const additional = groups.filter(({ members }) => account && members.includes(account.name)).map(({ id }) => id);
  return { uid, gid, additionalGids: [...new Set(additional)].filter((id) => id !== gid), home };
}

function groupId(asked: string, name: string, groups: readonly Group[]): number {
  if (isNumber(name)) return checkedId(asked, name);
  const group = groups.find((candidate) => candidate.name === name);
  if (!group) throw unknownUser(asked, `the image has no group ${name}`);
  return group.id;
}

function isNumber(text: string): boolean {
  return /^[0-9]+$/.test(text);
}

function checkedId(asked: string, text: string): number {
  const id = Number(text);
  if (id > ID_MAX) throw unknownUser(asked, `${text} is above ${ID_MAX}, the largest id`);
  return id;
}

function accountsOf(passwd: string): Account[] {
  return passwd.split("\n").flatMap((line) => {
    const [name = "", , uid = "", gid = "", , home = ""] = line.split(":");
    return name !== "" && isId(uid) && isId(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home }] : [];
  });
}

interface Group {
  readonly name: string;
  readonly id: number;
  readonly members: readonly string[];
}

function groupsOf(group: string): Group[] {
  return group.split("\n").flatMap((line) => {
    const [name = "", , id = "", members = ""] = line.split(":");
    return name !== "" && isId(id) ? [{ name, id: Number(id), members: members.split(",") }] : [];
  });
}

function isId(text: string): boolean {
  return isNumber(text) && Number(text) <= ID_MAX;
}

function unknownUser(asked: string, why: string): Failure {
  return new Failure(`can't run as the user ${JSON.stringify(asked)}: ${why}`, {
    code: "user-unknown",
    remedy: "use -u UID[:GID] with numbers, or names from the image's /etc/passwd and /etc/group",
  });
}
