import { PULL_FOLDER } from "../../config/project.ts";
import { blockedAt, stateOf } from "../../paths/blocked.ts";
import { parentOf, shownName } from "../../paths/bytes.ts";
import { errnoOf, errnoWords } from "../../process/errno.ts";
import { unwritable } from "../../process/unwritable.ts";
import type { Channel } from "../wire/channel.ts";
import { createStrongSum } from "../wire/checksum.ts";
import type { Entry } from "../wire/entry.ts";
import type { Terms } from "../wire/handshake.ts";
import { INDEX, IndexDecoder, IndexEncoder } from "../wire/wire.ts";
import { type Incoming, Place } from "./place.ts";
import type { Plan, Planned } from "./plan.ts";
import { endPhase, type Reception, receiveFiles } from "./receiver.ts";

interface Project {
  /** Absolute. */
  readonly root: string;
  /** Whether what is newer here may be replaced. */
  readonly mayReplace?: boolean;
  readonly entries: readonly Entry[];
  readonly plan: Plan;
  /** Indices of what the sender says it can't send. */
  readonly refused: ReadonlySet<number>;
}

/** What was put into the project, and what was not after all. */
export interface Put {
  /** Files and links: as bytes. */
  readonly brought: string[];
  bytesTotal: number;
  /** What has been changed here meanwhile: as bytes. */
  readonly newer: string[];
  /** What could not be brought, and why: a sentence each. */
  readonly unbrought: string[];
}

/** Does what is planned, and ends the conversation. @throws Failure where the project can't be written */
export async function receivePlan(channel: Channel, terms: Terms, project: Project): Promise<Put> {
  const put: Put = { brought: [], bytesTotal: 0, newer: [], unbrought: [] };
  const place = writing(".", () => new Place(project.root));
  try {
    putOthers(place, project, put);
    const onWhole = (planned: Planned, file: Incoming) => putFile(place, project, planned, file, put);
    await converse({ ...project, channel, place, onWhole, ...conversation(terms) }, terms, project.plan.files, put);
  } catch (error) {
    throw unwritable(PULL_FOLDER, error);
  } finally {
    place.close();
  }
  return put;
}

function conversation({ seed }: Terms): Pick<Reception, "received" | "encoded" | "strongSum"> {
  return { received: new IndexDecoder(), encoded: new IndexEncoder(), strongSum: createStrongSum(seed) };
}

/** The phases are the files, those whose checksum was wrong, and late updates, of which there are none. */
async function converse(reception: Reception, terms: Terms, files: readonly Planned[], put: Put): Promise<void> {
  const leave = (left: readonly Planned[], why: string) => {
    for (const { entry } of left) put.unbrought.push(`${shownName(entry.name)}: ${why}`);
  };
  const wrong = await receiveFiles(reception, files, false);
  await endPhase(reception);
  leave(await receiveFiles(reception, wrong, true), "it kept changing while it was read");
  await endPhase(reception);
  await endPhase(reception);
  leave(
    files.filter(({ index }) => reception.refused.has(index)),
    "it vanished or can't be read there",
  );
  await sayGoodbye(reception, terms);
}

const STATISTICS = 5;

/** rsync/main.c: handle_stats, read_final_goodbye. */
async function sayGoodbye(reception: Reception, { protocol }: Terms): Promise<void> {
  const { channel, encoded } = reception;
  for (let i = 0; i < STATISTICS; i++) await channel.varlong(3);
  if (protocol >= 31) await endPhase(reception);
  encoded.encode(INDEX.done, channel.out);
  await channel.flush();
}

/** What needs no content. */
function putOthers(place: Place, { root, plan: { folders, links, modes } }: Project, put: Put): void {
  for (const { name } of folders) writingOne(put, root, name, () => place.makeFolder(name));
  for (const entry of modes) writingOne(put, root, entry.name, () => place.setMode(entry));
  for (const entry of links) {
    writingOne(put, root, entry.name, () => {
      place.putLink(entry);
      put.brought.push(entry.name);
    });
  }
}

function putFile(
  place: Place,
  { root, mayReplace }: Project,
  { entry, here }: Planned,
  file: Incoming,
  put: Put,
): void {
  writingOne(put, root, entry.name, () => {
    const now = stateOf(root, entry.name);
    if (!mayReplace && (now?.mtimeNs !== here?.mtimeNs || now?.size !== here?.size)) {
      put.newer.push(entry.name);
      return;
    }
    place.put(file, entry);
    put.brought.push(entry.name);
    put.bytesTotal += entry.size;
  });
}

/** What fails for one file fails for each. */
const OF_ALL: readonly string[] = ["ENOSPC", "EDQUOT", "EROFS", "EIO"];

/**
 * What can't be written here is left out, as a link is on Windows, which wants a privilege for it. So is what is in a
 * folder that has become a link since the pull was planned, also one that the pull itself brought.
 */
function writingOne(put: Put, root: string, name: string, write: () => void): void {
  try {
    const blocked = blockedAt(root, parentOf(name));
    if (blocked === undefined) write();
    else put.unbrought.push(`${shownName(name)}: ${blocked}`);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined || OF_ALL.includes(errno)) throw unwritable(shownName(name), error);
    put.unbrought.push(`${shownName(name)}: it can't be written here: ${errnoWords(errno)}`);
  }
}

function writing<T>(name: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw unwritable(shownName(name), error);
  }
}
