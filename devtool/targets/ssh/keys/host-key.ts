import { appendFile, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Failure } from "../../../failure.ts";
import { errnoOf, errnoWords } from "../../../process/errno.ts";
import { makeDirectory } from "../../../process/make-directory.ts";
import type { Ask } from "../log-in/ask.ts";
import {
  fingerprint,
  isCertified,
  judgeHostKey,
  type KnownHost,
  knownHostName,
  knownHostsLine,
  knownKeyTypes,
  parseKnownHosts,
} from "./known-hosts.ts";

export interface HostKeyPolicy {
  /** The name the keys are stored under: HostKeyAlias, else HostName. */
  readonly host: string;
  readonly port: number;
  /** UserKnownHostsFile; a new key is added to the first. */
  readonly userFiles: readonly string[];
  /** GlobalKnownHostsFile. */
  readonly globalFiles: readonly string[];
  readonly hashed: boolean;
  /** `ask` asks on the terminal, and refuses without one. A changed key is always refused. */
  readonly newKeys: "accept" | "ask" | "refuse";
  /** Whatever key it has is taken, and not stored. */
  readonly anyKey: boolean;
}

export interface HostKeyCheck {
  readonly knownTypes: readonly string[];
  /** A certificate authority vouches for the host (@cert-authority), which the library can't check. */
  readonly isCertified: boolean;
  /** @throws Failure that says why the key is refused */
  verify(key: Buffer): Promise<void>;
}

/** @throws Failure when a file exists and can't be read: it might list the key as changed or revoked */
export async function hostKeyCheck(
  policy: HostKeyPolicy,
  ask: Ask,
  notice: (text: string) => void,
): Promise<HostKeyCheck> {
  if (policy.anyKey) return { knownTypes: [], isCertified: false, verify: async () => {} };
  const files = [...policy.userFiles, ...policy.globalFiles];
  const entries = (await Promise.all(files.map(readKnownHosts))).flat();
  return {
    knownTypes: knownKeyTypes(entries, policy.host, policy.port),
    isCertified: isCertified(entries, policy.host, policy.port),
    verify: async (key) => {
      const verdict = judgeHostKey(entries, policy.host, policy.port, key);
      switch (verdict.kind) {
        case "known":
          return;
        case "changed":
          throw changed(policy, key, verdict.known);
        case "revoked":
          throw new Failure(
            `the key of ${nameOf(policy)} is revoked: ${fingerprint(key)}, by ${verdict.by.file}:${verdict.by.line}`,
            {
              code: "host-key-revoked",
              remedy: "do not connect: the host uses a key that was revoked",
              exitCode: 2,
            },
          );
        case "new":
          await acceptNew(policy, key, ask);
          await remember(policy, key).catch((error: unknown) => {
            notice(`can't store the key of ${nameOf(policy)}: ${errnoWords(errnoOf(error) ?? String(error))}`);
          });
          return;
        default:
          verdict satisfies never;
      }
    },
  };
}

async function readKnownHosts(file: string): Promise<KnownHost[]> {
  try {
    return parseKnownHosts(await readFile(file, "utf8"), file);
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return [];
    throw new Failure(
      `can't read ${file}, so no host key can be checked: ${errnoWords(errnoOf(error) ?? String(error))}`,
      {
        code: "known-hosts-unreadable",
        remedy: "make it readable",
        exitCode: 2,
        cause: error,
      },
    );
  }
}

async function acceptNew(policy: HostKeyPolicy, key: Buffer, ask: Ask): Promise<void> {
  if (policy.newKeys === "accept") return;
  const shown = `${typeOf(key)} ${fingerprint(key)}`;
  const refusal = new Failure(`the key of ${nameOf(policy)} is not known: ${shown}`, {
    code: "host-key-unknown",
    remedy: "compare it with the host's (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub), then use --accept-new-host-key",
    exitCode: 2,
  });
  if (policy.newKeys === "refuse") throw refusal;
  const answer = await ask(
    `The key of ${nameOf(policy)} is not known yet: ${shown}\r\nConnect, and store it in known_hosts (yes/no)? `,
    true,
  );
  if (answer?.trim().toLowerCase() !== "yes") throw refusal;
}

async function remember(policy: HostKeyPolicy, key: Buffer): Promise<void> {
  const [file] = policy.userFiles;
  if (file === undefined) return;
  makeDirectory(dirname(file), 0o700);
  const before = await readFile(file, "utf8").catch(() => "");
  const separator = before === "" || before.endsWith("\n") ? "" : "\n";
  await appendFile(file, separator + knownHostsLine(policy.host, policy.port, key, policy.hashed), { mode: 0o600 });
}

function changed(policy: HostKeyPolicy, key: Buffer, known: readonly KnownHost[]): Failure {
  const before = known.map((entry) => `${entry.type} ${fingerprint(entry.key)} (${entry.file}:${entry.line})`);
  const file = known[0]?.file ?? "";
  return new Failure(
    `the key of ${nameOf(policy)} has changed: it is ${typeOf(key)} ${fingerprint(key)}, known_hosts has ${before.join(", ")}; ` +
      "someone may be intercepting the connection",
    {
      code: "host-key-changed",
      remedy: `if the host was reinstalled, remove its old key: ssh-keygen -R '${nameOf(policy)}' -f ${file}`,
      exitCode: 2,
    },
  );
}

function nameOf({ host, port }: HostKeyPolicy): string {
  return knownHostName(host, port);
}

function typeOf(key: Buffer): string {
  return key.toString("latin1", 4, 4 + key.readUInt32BE(0));
}

/** Signature algorithms, strongest first. They differ from the key's type: an RSA key (ssh-rsa) signs with SHA-2. */
const HOST_KEY_ALGORITHMS = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
  "ssh-rsa",
] as const;

/** The signature algorithms to offer, those of known key types first. */
export function hostKeyAlgorithms(known: readonly string[]): (typeof HOST_KEY_ALGORITHMS)[number][] {
  const isKnown = (algorithm: string) =>
    known.includes(algorithm) || (algorithm.startsWith("rsa-") && known.includes("ssh-rsa"));
  return [...HOST_KEY_ALGORITHMS.filter(isKnown), ...HOST_KEY_ALGORITHMS.filter((name) => !isKnown(name))];
}
