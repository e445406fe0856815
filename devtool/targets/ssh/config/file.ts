import { readdir, readFile } from "node:fs/promises";
import { isAbsolute, join, parse, sep } from "node:path";
import { Failure } from "../../../failure.ts";
import { errnoOf, errnoWords } from "../../../process/errno.ts";
import type { HostSpec } from "./host-spec.ts";
import { matchesPattern, matchesPatternList } from "./pattern.ts";

/** Keyword, in lower case → its values, as `ssh -G` prints them. */
export type SshOptions = ReadonlyMap<string, readonly string[]>;

export interface SshConfigPlace {
  /** Instead of ~/.ssh/config and /etc/ssh/ssh_config. */
  readonly file: string | undefined;
  readonly home: string;
  readonly notice: (text: string) => void;
}

/** As OpenSSH's READCONF_MAX_DEPTH. */
const INCLUDE_DEPTH_MAX = 16;

const SYSTEM_CONFIG = "/etc/ssh/ssh_config";
const DEFAULT_KEYS = ["id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk", "id_xmss", "id_dsa"];
/** Keywords whose values accumulate; for every other keyword the first value counts. */
const ACCUMULATING = new Set(["identityfile", "certificatefile"]);
/** Deprecated names → today's. */
const ALIASES = new Map([
  ["challengeresponseauthentication", "kbdinteractiveauthentication"],
  ["skeyauthentication", "kbdinteractiveauthentication"],
  ["tisauthentication", "kbdinteractiveauthentication"],
]);
/** Keywords that take several words. */
const LISTS = new Set(["userknownhostsfile", "globalknownhostsfile"]);
/** Keywords whose value is the rest of the line, quotes included. */
const RAW = new Set(["proxycommand"]);

/**
 * Reads ssh_config(5) where OpenSSH is not installed: Host with patterns and negation, Include, Match all, and the
 * keywords that SshSettings needs. @throws Failure on a file that can't be read or is not valid
 */
export async function readSshConfig(spec: HostSpec, place: SshConfigPlace): Promise<SshOptions> {
  const reader = new ConfigReader(spec, place);
  if (place.file !== undefined) await reader.read(place.file, { required: true, base: join(place.home, ".ssh") });
  else {
    await reader.read(join(place.home, ".ssh", "config"), { required: false, base: join(place.home, ".ssh") });
    await reader.read(SYSTEM_CONFIG, { required: false, base: parse(SYSTEM_CONFIG).dir });
  }
  return reader.finish();
}

/** The same for a configuration given as text, such as `vagrant ssh-config`'s. */
export async function parseSshConfig(text: string, spec: HostSpec, place: SshConfigPlace): Promise<SshOptions> {
  const reader = new ConfigReader(spec, place);
  await reader.parse(text, "ssh-config", place.home, 0, true);
  return reader.finish();
}

class ConfigReader {
  readonly #options = new Map<string, string[]>();
  readonly #host: string;
  readonly #home: string;
  readonly #notice: (text: string) => void;

  constructor(spec: HostSpec, place: SshConfigPlace) {
    this.#host = spec.host;
    this.#home = place.home;
    this.#notice = place.notice;
    if (spec.user !== undefined) this.#options.set("user", [spec.user]);
    if (spec.port !== undefined) this.#options.set("port", [String(spec.port)]);
  }

  async read(
    file: string,
    { required, base }: { required: boolean; base: string },
    depth = 0,
    active = true,
  ): Promise<void> {
    let text: string;
    try {
      text = await readFile(file, "utf8");
    } catch (error) {
      if (!required) return;
      throw new Failure(`can't read the SSH configuration ${file}: ${errnoWords(errnoOf(error) ?? String(error))}`, {
        code: "ssh-config-invalid",
        remedy: "make it readable",
        exitCode: 2,
        cause: error,
      });
    }
    await this.parse(text, file, base, depth, active);
  }

  async parse(text: string, file: string, base: string, depth: number, active: boolean): Promise<void> {
    let matches = active;
    for (const [index, line] of text.split(/\r?\n/).entries()) {
      const directive = parseDirective(line, `${file}:${index + 1}`);
      if (!directive) continue;
      const { keyword, rest, words } = directive;
      if (keyword === "host") matches = active && matchesPatternList(words, this.#host);
      else if (keyword === "match") matches = active && this.#matchesAll(words, `${file}:${index + 1}`);
      else if (keyword === "include") await this.#include(words, base, depth, matches);
      else if (matches) this.#set(keyword, RAW.has(keyword) ? [rest] : words);
    }
  }

  finish(): SshOptions {
    const defaults: Record<string, string[]> = {
      userknownhostsfile: ["~/.ssh/known_hosts ~/.ssh/known_hosts2"],
      globalknownhostsfile: ["/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"],
      identityfile: DEFAULT_KEYS.map((name) => `~/.ssh/${name}`),
    };
    const hostName = this.#options.get("hostname")?.[0] ?? this.#host;
    this.#options.set("hostname", [
      hostName.replace(/%(.)/g, (whole, token: string) => (token === "h" ? this.#host : token === "%" ? "%" : whole)),
    ]);
    return new Map([...Object.entries(defaults), ...this.#options]);
  }

  #set(keyword: string, words: readonly string[]): void {
    if (keyword === "sendenv") for (const word of words) this.#sendEnv(word);
    else if (keyword !== "setenv") this.#setOne(keyword, words);
    else if (words.length > 0 && !this.#options.has(keyword)) this.#options.set(keyword, [...words]);
  }

  #setOne(keyword: string, words: readonly string[]): void {
    const value = LISTS.has(keyword) ? words.join(" ") : words[0];
    if (value === undefined) return;
    const before = this.#options.get(keyword);
    if (before === undefined) this.#options.set(keyword, [value]);
    else if (ACCUMULATING.has(keyword) && !before.includes(value)) before.push(value);
  }

  /** A pattern after `-` takes back those before that it matches. */
  #sendEnv(word: string): void {
    const before = this.#options.get("sendenv") ?? [];
    const after = word.startsWith("-")
      ? before.filter((pattern) => !matchesPattern(word.slice(1), pattern))
      : [...before, word];
    this.#options.set("sendenv", after);
  }

  #matchesAll(words: readonly string[], where: string): boolean {
    if (words.length === 1 && words[0]?.toLowerCase() === "all") return true;
    this.#notice(`${where}: "Match ${words.join(" ")}" is ignored: without OpenSSH only "Match all" is supported`);
    return false;
  }

  async #include(patterns: readonly string[], base: string, depth: number, active: boolean): Promise<void> {
    if (depth >= INCLUDE_DEPTH_MAX)
      throw new Failure(`SSH configuration: at most ${INCLUDE_DEPTH_MAX} levels of Include, got more`, {
        remedy: "look for a file that includes itself",
        code: "ssh-config-invalid",
        exitCode: 2,
      });
    for (const pattern of patterns) {
      const expanded = pattern.replace(/^~(?=$|[/\\])/, () => this.#home);
      for (const file of await glob(isAbsolute(expanded) ? expanded : join(base, expanded))) {
        await this.read(file, { required: false, base }, depth + 1, active);
      }
    }
  }
}

/**
 * A line: keyword, then `=` or blanks, then words, which may be quoted. @throws Failure on a quote that is not closed
 */
export function parseDirective(
  line: string,
  where: string,
): { keyword: string; rest: string; words: readonly string[] } | undefined {
  const parts = /^\s*([A-Za-z0-9]+)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line);
  if (!parts?.[1]) return undefined;
  const rest = parts[2] ?? "";
  const written = parts[1].toLowerCase();
  const keyword = ALIASES.get(written) ?? written;
  if (RAW.has(keyword)) return { keyword, rest, words: [] };
  const words: string[] = [];
  for (const [, single, plain, open] of rest.matchAll(/'([^']*)'(?=\s|$)|((?:"[^"]*"|[^\s"])+)|(")/g)) {
    if (open !== undefined)
      throw new Failure(`${where}: a quote is not closed`, { code: "ssh-config-invalid", exitCode: 2 });
    if (plain?.startsWith("#")) break;
    words.push(single ?? plain?.replaceAll('"', "") ?? "");
  }
  return { keyword, rest, words };
}

/** glob(3) with `*` and `?`, sorted; hidden files only where the pattern has the dot. */
async function glob(pattern: string): Promise<string[]> {
  const { root } = parse(pattern);
  let found = [root];
  for (const segment of pattern.slice(root.length).split(/[/\\]/).filter(Boolean)) {
    if (!/[*?]/.test(segment)) found = found.map((directory) => join(directory, segment));
    else found = (await Promise.all(found.map((directory) => matching(directory, segment)))).flat();
  }
  return found;
}

async function matching(directory: string, segment: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names
    .filter((name) => (segment.startsWith(".") || !name.startsWith(".")) && matchesPattern(segment, name))
    .sort()
    .map((name) => directory + (directory.endsWith(sep) ? "" : sep) + name);
}
