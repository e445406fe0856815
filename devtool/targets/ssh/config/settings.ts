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
  /** The name it was looked up by. */
  readonly alias: string;
  readonly hostName: string;
  readonly port: number;
  readonly user: string;
  readonly identityFiles: readonly string[];
  readonly identitiesOnly: boolean;
  /** ssh-agent's socket or pipe; undefined: no agent is used. */
  readonly agentSocket: string | undefined;
  /** `host,host…`, each a HostSpec, in the order they are passed through. */
  readonly proxyJump: string | undefined;
  readonly proxyCommand: string | undefined;
  /** HostKeyAlias: the name its key is stored under in known_hosts, whatever the port. */
  readonly hostKeyAlias: string | undefined;
  readonly userKnownHostsFiles: readonly string[];
  readonly globalKnownHostsFiles: readonly string[];
  readonly hashKnownHosts: boolean;
  readonly newHostKeys: "accept" | "ask" | "refuse";
}

/**
 * Asks OpenSSH itself where it is installed, else reads the files. @throws Failure on a configuration that is not valid
 */
export async function sshSettings(spec: HostSpec, place: SshConfigPlace): Promise<SshSettings> {
  const options = (await askOpenSsh(spec, place.file)) ?? (await readSshConfig(spec, place));
  return interpret(spec, options, place.home);
}

/** Returns undefined where OpenSSH is not installed. @throws Failure with its error message */
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
    const errors = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
    throw new Failure(`ssh refuses its configuration for ${spec.host}: ${errors}`, {
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

/** What the options mean for this host on this machine. */
export function interpret(spec: HostSpec, options: SshOptions, home: string): SshSettings {
  const first = (keyword: string) => options.get(keyword)?.[0];
  const unlessNone = (keyword: string) => (isNone(first(keyword)) ? undefined : first(keyword));
  const hostName = first("hostname") ?? spec.host;
  const port = Number(first("port") ?? 22);
  const user = first("user") ?? userInfo().username;
  const hostKeyAlias = first("hostkeyalias");
  const tokens = tokensOf({ alias: spec.host, hostName, port, user, hostKeyAlias }, home);
  const expand = (path: string) => expandTokens(expandVariables(path, home), tokens);
  const files = (keyword: string) => splitPaths(unlessNone(keyword) ?? "").map(expand);
  const proxyCommand = unlessNone("proxycommand");
  return {
    alias: spec.host,
    hostName,
    port,
    user,
    identityFiles: (options.get("identityfile") ?? []).filter((file) => !isNone(file)).map(expand),
    identitiesOnly: first("identitiesonly") === "yes",
    agentSocket: agentSocket(first("identityagent"), expand),
    proxyJump: unlessNone("proxyjump"),
    proxyCommand: proxyCommand === undefined ? undefined : expandTokens(proxyCommand, tokens),
    hostKeyAlias,
    userKnownHostsFiles: files("userknownhostsfile"),
    globalKnownHostsFiles: files("globalknownhostsfile"),
    hashKnownHosts: first("hashknownhosts") === "yes",
    newHostKeys: newHostKeys(first("stricthostkeychecking")),
  };
}

function isNone(value: string | undefined): boolean {
  return value?.toLowerCase() === "none";
}

type Tokens = Readonly<Record<string, string>>;

/** TOKENS of ssh_config(5), those that need no connection. */
function tokensOf(
  {
    alias,
    hostName,
    port,
    user,
    hostKeyAlias,
  }: Pick<SshSettings, "alias" | "hostName" | "port" | "user" | "hostKeyAlias">,
  home: string,
): Tokens {
  return {
    "%": "%",
    d: home,
    h: hostName,
    i: String(userInfo().uid),
    k: hostKeyAlias ?? alias,
    L: hostname().split(".")[0] ?? "",
    l: hostname(),
    n: alias,
    p: String(port),
    r: user,
    u: userInfo().username,
  };
}

function expandTokens(text: string, tokens: Tokens): string {
  return text.replace(/%(.)/g, (whole, letter: string) => tokens[letter] ?? whole);
}

function expandVariables(path: string, home: string): string {
  return path
    .replace(/^~(?=$|[/\\])/, () => home)
    .replace(/\$\{(\w+)\}/g, (_, name: string) => process.env[name] ?? "");
}

/**
 * `ssh -G` prints paths without quotes, and a home on Windows may contain blanks: split only where a path can begin.
 */
function splitPaths(paths: string): string[] {
  return paths.split(/ +(?=[/~%]|\$\{|[A-Za-z]:[/\\]|__PROGRAMDATA__)/).filter(Boolean);
}

/** On Windows ssh-agent's named pipe has a fixed name, and is not in an environment variable. */
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

/** StrictHostKeyChecking. Values that make OpenSSH accept a changed key accept only new ones here. */
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
