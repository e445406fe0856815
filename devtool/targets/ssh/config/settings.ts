import { isIP } from "node:net";
import { thisUser } from "../../../process/user.ts";
import { sentEnvironment } from "./environment.ts";
import type { SshOptions } from "./file.ts";
import type { HostSpec } from "./host-spec.ts";
import { seconds } from "./time.ts";
import { expandTokens, expandVariables, splitPaths, tokensOf } from "./tokens.ts";

/** What ssh_config(5) says for one host, with every path and token expanded. */
export interface SshSettings {
  /** The name it was looked up by. */
  readonly alias: string;
  readonly hostName: string;
  readonly port: number;
  readonly user: string;
  /** The IP version to connect by: AddressFamily's, or that of bindAddress; 0 where either will do. */
  readonly family: 0 | 4 | 6;
  /** BindAddress: the address of this machine to connect from. */
  readonly bindAddress: string | undefined;
  /** SetEnv, and what SendEnv names of this process's variables: the host decides which it takes. */
  readonly environment: Readonly<Record<string, string>>;
  readonly identityFiles: readonly string[];
  /** Whether the configuration has them: else they are those that ssh looks for, most of which nobody has. */
  readonly namesIdentityFiles: boolean;
  /** CertificateFile; a key's own certificate, KEY-cert.pub, is not among them. */
  readonly certificateFiles: readonly string[];
  /** Keywords that are set and that only OpenSSH's own ssh can follow. */
  readonly openSshOnly: readonly string[];
  readonly identitiesOnly: boolean;
  /** ssh-agent's socket or pipe; undefined: no agent is used. */
  readonly agentSocket: string | undefined;
  /** ForwardAgent: the socket or pipe of the agent that the target may use. */
  readonly forwardAgent: string | undefined;
  /** ConnectTimeout: for the connection and the handshake, not for what follows. */
  readonly connectTimeoutMs: number | undefined;
  /** ServerAliveInterval, where it is not 0, and ServerAliveCountMax. */
  readonly serverAlive: { readonly intervalMs: number; readonly countMax: number } | undefined;
  readonly logIn: LogInSettings;
  /** `host,host…`, each a HostSpec, in the order they are passed through. */
  readonly proxyJump: string | undefined;
  readonly proxyCommand: string | undefined;
  /** HostKeyAlias: the name its key is stored under in known_hosts, whatever the port. */
  readonly hostKeyAlias: string | undefined;
  readonly userKnownHostsFiles: readonly string[];
  readonly globalKnownHostsFiles: readonly string[];
  readonly hashKnownHosts: boolean;
  readonly newHostKeys: "accept" | "ask" | "refuse";
  /** NoHostAuthenticationForLocalhost, and the host is this machine: its key is neither checked nor stored. */
  readonly anyHostKey: boolean;
}

/** Which ways of logging in may be tried, and whether a person may be asked. */
export interface LogInSettings {
  /** In the order to try them; undefined: OpenSSH's own. */
  readonly preferred: readonly string[] | undefined;
  /** Methods that are switched off, such as by PasswordAuthentication no. */
  readonly disabled: readonly string[];
  /** How often a password is asked for. */
  readonly prompts: number;
  /** BatchMode: nothing is asked. */
  readonly batch: boolean;
}

/** What the options mean for this host on this machine. */
export function interpret(spec: HostSpec, options: SshOptions, home: string): SshSettings {
  const first = (keyword: string) => options.get(keyword)?.[0];
  const unlessNone = (keyword: string) => (isNone(first(keyword)) ? undefined : first(keyword));
  const named = {
    alias: spec.host,
    hostName: first("hostname") ?? spec.host,
    port: Number(first("port") ?? 22),
    user: first("user") ?? thisUser().username,
    hostKeyAlias: first("hostkeyalias"),
  };
  const tokens = tokensOf(named, home);
  const expand = (path: string) => expandTokens(expandVariables(path, home), tokens);
  const each = (keyword: string) => (options.get(keyword) ?? []).filter((file) => !isNone(file)).map(expand);
  const files = (keyword: string) => splitPaths(unlessNone(keyword) ?? "").map(expand);
  const [proxyCommand, proxyJump] = [unlessNone("proxycommand"), unlessNone("proxyjump")];
  const bindAddress = first("bindaddress");
  const identityFiles = each("identityfile");
  return {
    ...named,
    family: familyOf(first("addressfamily"), bindAddress),
    bindAddress,
    environment: sentEnvironment(options.get("setenv") ?? [], options.get("sendenv") ?? []),
    identityFiles,
    namesIdentityFiles: !USUAL_KEYS.map(expand).every((file) => identityFiles.includes(file)),
    certificateFiles: each("certificatefile"),
    openSshOnly: [
      ...OPENSSH_ONLY.filter((keyword) => isSet(first(keyword.toLowerCase()))),
      ...(bindAddress === undefined || isIP(bindAddress) !== 0 ? [] : ["BindAddress with a name"]),
    ],
    identitiesOnly: isYes(first("identitiesonly")),
    agentSocket: agentSocket(first("identityagent"), expand),
    forwardAgent: forwardAgent(first("forwardagent"), expand),
    connectTimeoutMs: (seconds(first("connecttimeout")) ?? 0) * 1000 || undefined,
    serverAlive: serverAlive(first("serveraliveinterval"), first("serveralivecountmax")),
    logIn: logInSettings(first),
    proxyJump: proxyJump && expandTokens(proxyJump, tokens),
    proxyCommand: proxyCommand === undefined ? undefined : expandTokens(proxyCommand, tokens),
    userKnownHostsFiles: files("userknownhostsfile"),
    globalKnownHostsFiles: files("globalknownhostsfile"),
    hashKnownHosts: isYes(first("hashknownhosts")),
    newHostKeys: newHostKeys(first("stricthostkeychecking")),
    anyHostKey:
      isYes(first("nohostauthenticationforlocalhost")) &&
      isLoopback(named.hostName) &&
      named.hostKeyAlias === undefined &&
      proxyCommand === undefined,
  };
}

/** All of them are in the list where the configuration has none; what else is there depends on OpenSSH's version. */
const USUAL_KEYS = ["~/.ssh/id_rsa", "~/.ssh/id_ecdsa", "~/.ssh/id_ed25519"];

function isNone(value: string | undefined): boolean {
  return value?.toLowerCase() === "none";
}

/** A smart card's keys, a program that knows the hosts' keys, those that are revoked, a proxy that passes a connected socket, a way out. */
const OPENSSH_ONLY = ["PKCS11Provider", "KnownHostsCommand", "RevokedHostKeys", "ProxyUseFdpass", "BindInterface"];

function familyOf(family: string | undefined, bindAddress: string | undefined): SshSettings["family"] {
  if (family === "inet") return 4;
  if (family === "inet6") return 6;
  return bindAddress === undefined ? 0 : (isIP(bindAddress) as SshSettings["family"]);
}

function isLoopback(hostName: string): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|::1)$/i.test(hostName);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && !isNone(value) && !isNo(value);
}

/** `ssh -G` prints some flags as yes and no, others as true and false. */
function isYes(value: string | undefined): boolean {
  return value === "yes" || value === "true";
}

function isNo(value: string | undefined): boolean {
  return value === "no" || value === "false";
}

/** The keyword that switches a method on or off, the method, and whether it is on by default. */
const METHOD_SWITCHES = [
  ["pubkeyauthentication", "publickey", true],
  ["kbdinteractiveauthentication", "keyboard-interactive", true],
  ["passwordauthentication", "password", true],
  ["hostbasedauthentication", "hostbased", false],
  ["gssapiauthentication", "gssapi-with-mic", false],
] as const;

function logInSettings(first: (keyword: string) => string | undefined): LogInSettings {
  const isOn = (keyword: string, byDefault: boolean) => (byDefault ? !isNo(first(keyword)) : isYes(first(keyword)));
  const off = METHOD_SWITCHES.filter(([keyword, , byDefault]) => !isOn(keyword, byDefault));
  return {
    preferred: first("preferredauthentications")?.split(","),
    disabled: off.map(([, method]) => method),
    prompts: Number(first("numberofpasswordprompts") ?? 3),
    batch: isYes(first("batchmode")),
  };
}

function serverAlive(interval: string | undefined, countMax: string | undefined): SshSettings["serverAlive"] {
  const intervalMs = (seconds(interval) ?? 0) * 1000;
  return intervalMs > 0 ? { intervalMs, countMax: Number(countMax ?? 3) } : undefined;
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

/** `yes`: the agent of this machine's environment, whatever IdentityAgent says; else its path, or a variable with it. */
function forwardAgent(value: string | undefined, expand: (path: string) => string): string | undefined {
  if (value === undefined || isNo(value)) return undefined;
  return agentSocket(isYes(value) ? undefined : value, expand);
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
