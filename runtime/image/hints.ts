import { existsSync, lstatSync } from "node:fs";
import { join } from "node:path";
import { shown } from "./archive/entry.ts";
import type { Imported } from "./import.ts";
import type { Note, NoteKind } from "./notes.ts";

/** What was changed or left out, and warnings about an image that is not useful; a sentence each. */
export function hints({ record, extracted, notes, rootfs }: Imported): string[] {
  const found = Object.entries(WORDS).flatMap(([kind, words]) => {
    const note = notes.get(kind as NoteKind);
    return note ? [words(note)] : [];
  });
  if (existsSync(join(rootfs, "manifest.json")) || existsSync(join(rootfs, "oci-layout"))) {
    found.push(`${record.name} contains layers, not a root file system; use \`docker export\`, not \`docker save\``);
  } else if (!extracted.executable && !PROGRAM_DIRECTORIES.some((name) => has(rootfs, name))) {
    found.push(
      `${record.name} has neither ${PROGRAM_DIRECTORIES.join(" nor ")} nor any executable: is it a root file system?`,
    );
  }
  return found;
}

const WORDS: Readonly<Record<NoteKind, (note: Note) => string>> = {
  device: (note) => `left out ${named(note, "device node")}: a container gets its own /dev`,
  socket: (note) => `left out ${named(note, "socket")}: a program makes the one it listens on`,
  "mount point": (note) => `left ${named(note, "mount point")} empty: other file systems are not copied`,
  outside: (note) => `left out ${named(note, "file")}: the name leads out of the image by ".."`,
  absolute: (note) => `took the leading / off ${named(note, "name")}`,
  "unknown type": (note) => `took ${named(note, "entry", "entries")} of an unknown type for a file`,
  label: (note) => `left out ${named(note, "volume label")}`,
  "other volume": (note) => `left out ${named(note, "file")} that another volume of the archive continues`,
  attribute: (note) => `left out the extended attributes of ${named(note, "file")}, such as file capabilities`,
  "after the end": ({ count }) => `ignored ${counted(count, "byte")} after the end of the archive, as tar does`,
};

const PROGRAM_DIRECTORIES = ["bin", "usr/bin", "sbin"];

/** In many images bin is a symlink. */
function has(rootfs: string, name: string): boolean {
  return lstatSync(join(rootfs, name), { throwIfNoEntry: false }) !== undefined;
}

/** "1 device node ("dev/null")", "5 sockets ("a", "b", "c" …)". */
function named({ count, examples }: Note, what: string, several?: string): string {
  const more = count > examples.length ? " …" : "";
  return `${counted(count, what, several)} (${examples.map(shown).join(", ")}${more})`;
}

export function counted(count: number, what: string, several = `${what}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? what : several}`;
}
