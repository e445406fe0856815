import { lstatSync } from "node:fs";
import { join } from "node:path";
import { byteString, shown } from "./archive/entry.ts";
import type { Imported } from "./import.ts";
import type { Note, NoteKind, Notes } from "./notes.ts";
import type { ImageRecord } from "./store.ts";

/** What was changed or left out, and warnings about an image that is not useful; a sentence each. */
export function hints({ record, extracted, notes, rootfs }: Imported): string[] {
  const found = hintsOf(notes);
  found.push(...commandHints(record));
  if (!extracted.executable && !PROGRAM_DIRECTORIES.some((name) => has(rootfs, name)))
    found.push(useless(record.name, has(rootfs, "manifest.json")));
  return found;
}

/** What was changed or left out; a sentence each. */
export function hintsOf(notes: Notes): string[] {
  return Object.entries(WORDS).flatMap(([kind, words]) => {
    const note = notes.get(kind as NoteKind);
    return note ? [words(note)] : [];
  });
}

/** What a run without a command starts. */
function commandHints({ config: { Entrypoint = [], Cmd = [] } = {} }: ImageRecord): string[] {
  const command = [...Entrypoint, ...Cmd].map((argument) => shown(byteString(argument))).join(" ");
  return command === "" ? [] : [`the image's own command, which runs where none is given, is: ${command}`];
}

function useless(name: string, hasManifest: boolean): string {
  if (hasManifest)
    return `${name} contains layers that no manifest names, not a root file system; \`docker export\` writes one`;
  return `${name} has neither ${PROGRAM_DIRECTORIES.join(" nor ")} nor any executable: is it a root file system?`;
}

const WORDS: Readonly<Record<NoteKind, (note: Note) => string>> = {
  device: (note) => `left out ${counted(note.count, "device node")}: a container gets its own /dev ${names(note)}`,
  socket: (note) => `left out ${counted(note.count, "socket")}: a program makes the one it listens on ${names(note)}`,
  "mount point": (note) =>
    `left ${counted(note.count, "mount point")} empty: other file systems are not copied ${names(note)}`,
  absolute: (note) => `took the leading / off ${counted(note.count, "name")} ${names(note)}`,
  "unknown type": (note) =>
    `took ${counted(note.count, "entry", "entries")} of an unknown type for a file ${names(note)}`,
  label: (note) => `left out ${counted(note.count, "volume label")} ${names(note)}`,
  "other volume": (note) =>
    `left out ${counted(note.count, "file")} that another volume of the archive continues ${names(note)}`,
  attribute: (note) =>
    `left out extended attributes of ${counted(note.count, "file")}: file capabilities need root, and others than user.* ` +
    `a machine ${names(note)}`,
  "unread attributes": () => "did not read extended attributes, such as file capabilities: the native part is missing",
  "after the end": ({ count }) => `ignored ${counted(count, "byte")} after the end of the archive, as tar does`,
  setting: ({ examples }) => `does not use the image's ${examples.join(", ")}`,
  platform: ({ examples }) => `the image is for ${examples.join()}, and this machine is not`,
};

const SHOWN_BYTES_MAX = 200;
const PROGRAM_DIRECTORIES = ["bin", "usr/bin", "sbin"];

/** In many images bin is a symlink. */
function has(rootfs: string, name: string): boolean {
  return lstatSync(join(rootfs, name), { throwIfNoEntry: false }) !== undefined;
}

/** `("dev/null")`, `("a", "b", "c" …)` */
function names({ count, examples }: Note): string {
  const more = count > examples.length ? " …" : "";
  return `(${examples.map((name) => shown(name.slice(0, SHOWN_BYTES_MAX))).join(", ")}${more})`;
}

export function counted(count: number, what: string, several = `${what}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? what : several}`;
}
