import { Failure } from "../failure.ts";

/** Who the command runs as. */
export interface User {
  readonly uid: number;
  readonly gid: number;
  /** With its own, which it would lose by a set-group-ID program, and with it what that is refused: CVE-2022-36109. */
  readonly additionalGids: readonly number[];
  readonly home: string;
  /** Those of them that the user can't go without. */
  readonly addedGids?: readonly number[];
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
 * UID[:GID], each a number or a name, resolved with the image's own /etc/passwd and /etc/group (passwd(5), group(5)). An
 * empty UID is root.
 * Without GID, the user's primary and supplementary groups apply, as with docker.
 */
export function resolveUser(asked: string, passwd: string, group: string): User {
  const [user = "", groupName = "", ...rest] = asked.split(":");
  if (rest.length > 0) throw unknownUser(asked, "it is not UID[:GID]");
  return resolve(asked, user || "0", groupName, passwd, group);
}

function resolve(asked: string, user: string, groupName: string, passwd: string, group: string): User {
  const account = accountOf(user, passwd);
  const uid = isNumber(user) ? checkedId(user, (why) => unknownUser(asked, why)) : account?.uid;
  if (uid === undefined) throw unknownUser(asked, `the image has no user ${user}`);
  const home = account?.home.startsWith("/") ? account.home : "/";
  if (groupName !== "") {
    const gid = groupId(groupName, group, (why) => unknownUser(asked, why));
    return { uid, gid, additionalGids: [gid], home };
  }
  const gid = account?.gid ?? 0;
  const additional = account ? groupsWith(account.name, group).map(({ id }) => id) : [];
  return { uid, gid, additionalGids: [...new Set([gid, ...additional])], home };
}

/** The user with more groups, numbers or names from the image's /etc/group. */
export function withGroups(user: User, asked: readonly string[], group: string): User {
  if (asked.length === 0) return user;
  const ids = asked.map((name) => groupId(name, group, (why) => unknownGroup(name, why)));
  const additionalGids = [...new Set([...user.additionalGids, ...ids])];
  return { ...user, additionalGids, addedGids: ids };
}

function groupId(name: string, group: string, refused: (why: string) => Failure): number {
  if (isNumber(name)) return checkedId(name, refused);
  const found = groupsNaming(name, group).find((candidate) => candidate.name === name);
  if (!found) throw refused(`the image has no group ${name}`);
  return found.id;
}

function isNumber(text: string): boolean {
  return /^[0-9]+$/.test(text);
}

function checkedId(text: string, refused: (why: string) => Failure): number {
  const id = Number(text);
  if (id > ID_MAX) throw refused(`${text} is above ${ID_MAX}, the largest id`);
  return id;
}

/** The first of that name or number. */
function accountOf(user: string, passwd: string): Account | undefined {
  const isAsked = ({ name, uid }: Account) => (isNumber(user) ? uid === Number(user) : name === user);
  for (const line of passwd.split("\n")) {
    const [name = "", , uid = "", gid = "", , home = ""] = line.split(":");
    if (name === "" || !isId(uid) || !isId(gid)) continue;
    const account = { name, uid: Number(uid), gid: Number(gid), home };
    if (isAsked(account)) return account;
  }
  return undefined;
}

interface Group {
  readonly name: string;
  readonly id: number;
  readonly members: readonly string[];
}

function groupsWith(member: string, group: string): Group[] {
  return groupsNaming(member, group).filter(({ members }) => members.includes(member));
}

/** Those whose lines contain the word anywhere: to split the others would take as long as the rest of the spec. */
function groupsNaming(word: string, group: string): Group[] {
  const lines = group.split("\n").filter((line) => line.includes(word));
  return lines.flatMap((line) => {
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

function unknownGroup(asked: string, why: string): Failure {
  return new Failure(`can't add the group ${JSON.stringify(asked)}: ${why}`, {
    code: "user-unknown",
    remedy: "use --group-add with a number, or a name from the image's /etc/group",
  });
}
