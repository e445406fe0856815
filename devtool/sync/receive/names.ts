import { isUtf8 } from "node:buffer";
import { ALWAYS_EXCLUDED } from "../../ignore/rules.ts";
import { toText } from "../../paths/bytes.ts";

/** What file systems of Windows refuse, or take for another name. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are refused too
const WINDOWS_CHARACTERS = /[<>:"|?*\\\u0000-\u001f]/;
const WINDOWS_DEVICES = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)/i;
/** The short name of .git there. */
const WINDOWS_GIT = /^git~\d+$/i;
/** macOS's file system passes over these in a name; git/utf8.c:next_hfs_char. */
const IGNORED_BY_HFS = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/** Why a name, one component of a path in bytes, can't be a file's here; undefined if it can. */
export function unusable(name: string, platform: NodeJS.Platform): string | undefined {
  const text = toText(name);
  if (ALWAYS_EXCLUDED.includes(platform === "linux" ? text : folded(text))) return `${text} is never brought back`;
  if (platform === "linux") return undefined;
  if (!isUtf8(Buffer.from(name, "latin1"))) return "its name is not UTF-8, as names here must be";
  if (platform !== "win32") return undefined;
  if (WINDOWS_GIT.test(text)) return `${text} is never brought back`;
  if (WINDOWS_CHARACTERS.test(text)) return "its name has a character that Windows allows in none";
  if (WINDOWS_DEVICES.test(text)) return "its name is that of a device on Windows";
  return /[. ]$/.test(text) ? "its name ends in a dot or a space, which Windows leaves out" : undefined;
}

/** The same for two paths that are one file's where case does not count. */
export function folded(path: string): string {
  return path.normalize("NFC").replace(IGNORED_BY_HFS, "").toLowerCase();
}
