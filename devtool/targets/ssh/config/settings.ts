import { execFile } from "node:child_process";
import { hostname, userInfo } from "node:os";
import { promisify } from "node:util";
import { Failure } from "../../../failure.ts";
import { readSshConfig, type SshConfigPlace, type SshOptions } from "./file.ts";
import type { HostSpec } from "./host-spec.ts";

const run = promisify(execFile);
const SSH_DEADLINE_MS = 10_000;

/** What ssh_config(5) says for one host, with every path and token expanded. */
export interface SshSettings {
  /** The name it was asked for by. */
  readonly alias: string;
  readonly hostName: string;
  readonly port: number;
  readonly user: string;
  readonly identityFiles: readonly string[];
  readonly identitiesOnly: boolean;
  /** The agent's socket or pipe; undefined: none is to be used. */
  readonly agentSocket: string | undefined;
  /** `host,host…`, each a HostSpec, from the first to the last before this one. */
  readonly proxyJump: string | undefined;
  readonly proxyCommand: string | undefined;
  /** HostKeyAlias: the name its key is known by, port or not. */
  readonly hostKeyAlias: string | undefined;
  readonly userKnownHostsFiles: readonly string[];
  readonly globalKnownHostsFiles: readonly string[];
  readonly hashKnownHosts: boolean;
  readonly newHostKeys: "accept" | "ask" | "refuse";
}

/** Asks OpenSSH itself where it is installed; reads the files otherwise. @throws Failure on a configuration it refuses */
export async function sshSettings(spec: HostSpec, place: SshConfigPlace): Promise<SshSettings> {
  const options = (await askOpenSsh(spec, place.file)) ?? (await readSshConfig(spec, place));
  return interpret(spec, options, place.home);
}

/** undefined where there is no OpenSSH. @throws Failure with its complaint */
export async function askOpenSsh(spec: HostSpec, file: string | undefined): Promise<SshOptions | undefined> {
  const args = ["-G"];
  if (file !== undefined) args.push("-F", file);
  if (spec.user !== undefined) args.push("-l", spec.user);
  if (spec.port !== undefined) args.push("-p", String(spec.port));
  try {
    const { stdout } = await run("ssh", [...args, "--", spec.host], { timeout: SSH_DEADLINE_MS });
    return parseOptions(stdout);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
    throw new Failure(`ssh refuses its configuration for ${spec.host}: ${said}`, {
      code: "ssh-config-invalid",
      exitCode: 2,
      cause: error,
    });
  }
}

function parseOptions(text: string): SshOptions {
  const options = new Map<string, string[]>();
  for (const line of text.split(/\r?\n/)) {
    const space = line.indexOf(" ");
    if (space === -1) continue;
    const keyword = line.slice(0, space);
    options.set(keyword, [...(options.get(keyword) ?? []), line.slice(space + 1)]);
  }
  return options;
}

export function interpret(spec: HostSpec, options: SshOptions, home: string): SshSettings {
  const first = (keyword: string) => options.get(keyword)?.[0];
  const given = (keyword: string) => (first(keyword)?.toLowerCase() === "none" ? undefined : first(keyword));
  const hostName = first("hostname") ?? spec.host;
  const port = Number(first("port") ?? 22);
  const user = first("user") ?? userInfo().username;
  const hostKeyAlias = first("hostkeyalias");
  const tokens: Record<string, string> = {
    "%": "%",
    d: home,
    h: hostName,
    i: String(userInfo().uid),
    k: hostKeyAlias ?? spec.host,
    L: hostname().split(".")[0] ?? "",
    l: hostname(),
    n: spec.host,
    p: String(port),
    r: user,
    u: userInfo().username,
  };
  const expand = (path: string) =>
    path
      .replace(/^~(?=$|[/\\])/, () => home)
      .replace(/\$\{(\w+)\}/g, (_, name: string) => process.env[name] ?? "")
      .replace(/%(.)/g, (whole, letter: string) => tokens[letter] ?? whole);
  const files = (keyword: string) => splitPaths(given(keyword) ?? "").map(expand);
  return {
    alias: spec.host,
    hostName,
    port,
    user,
    identityFiles: (options.get("identityfile") ?? []).filter((file) => file.toLowerCase() !== "none").map(expand),
    identitiesOnly: first("identitiesonly") === "yes",
    agentSocket: agentSocket(first("identityagent"), expand),
    proxyJump: given("proxyjump"),
    proxyCommand: given("proxycommand")?.replace(/%(.)/g, (whole, letter: string) => tokens[letter] ?? whole),
    hostKeyAlias,
    userKnownHostsFiles: files("userknownhostsfile"),
    globalKnownHostsFiles: files("globalknownhostsfile"),
    hashKnownHosts: first("hashknownhosts") === "yes",
    newHostKeys: newHostKeys(first("stricthostkeychecking")),
  };
}

/** `ssh -G` prints paths without quotes, and a home on Windows may hold blanks: a path begins where one can begin. */
function splitPaths(paths: string): string[] {
  return paths.split(/ +(?=[/~%]|\$\{|[A-Za-z]:[/\\]|__PROGRAMDATA__)/).filter(Boolean);
}

/** On Windows the agent's named pipe has one name for all, and no variable tells it. */
const WINDOWS_AGENT = "\\\\.\\pipe\\openssh-ssh-agent";

function agentSocket(identityAgent: string | undefined, expand: (path: string) => string): string | undefined {
  if (identityAgent?.toLowerCase() === "none") return undefined;
  if (identityAgent === undefined || identityAgent === "SSH_AUTH_SOCK") {
    return process.env["SSH_AUTH_SOCK"] || (process.platform === "win32" ? WINDOWS_AGENT : undefined);
  }
  if (identityAgent.startsWith("$"))
    return process.env[identityAgent.slice(1).replace(/^\{(.*)\}$/, "$1")] || undefined;
  return expand(identityAgent);
}

/** A configuration may accept new keys of its own accord; one that would accept a changed key is not followed in that. */
function newHostKeys(strict: string | undefined): SshSettings["newHostKeys"] {
  switch (strict) {
    case "accept-new":
    case "no":
    case "off":
    case "false":
      return "accept";
    case "yes":
    case "true":
      return "refuse";
    default:
      return "ask";
  }
}
