import { access, readFile } from "node:fs/promises";
import type { SshSettings } from "../config/settings.ts";
import { agentKeyTypes } from "../keys/agent-keys.ts";
import { publicPartOfOpenSshKey } from "../keys/file-identity.ts";
import { keyType } from "../keys/key.ts";

/** Why OpenSSH's own ssh has to connect to this host: keys and settings that the library has not. */
export async function needsOpenSsh(settings: SshSettings): Promise<string[]> {
  const { agentSocket, identitiesOnly, openSshOnly } = settings;
  const found = await Promise.all([
    certificates(settings),
    securityKeys(settings.identityFiles),
    agentSocket === undefined || identitiesOnly ? [] : inAgent(agentSocket),
  ]);
  return [...found.flat(), ...openSshOnly.map((keyword) => `${keyword} is set`)];
}

async function certificates({ identityFiles, certificateFiles }: SshSettings): Promise<string[]> {
  const files = [...certificateFiles, ...identityFiles.map((file) => `${file}-cert.pub`)];
  const existing = await Promise.all(files.map(async (file) => ((await exists(file)) ? [file] : [])));
  return existing.flat().map((file) => `${file} is a certificate`);
}

async function securityKeys(files: readonly string[]): Promise<string[]> {
  const types = await Promise.all(files.map(typeOfKeyIn));
  return files.filter((_, index) => isSecurityKey(types[index])).map((file) => `${file} is a security key (FIDO)`);
}

async function inAgent(socket: string): Promise<string[]> {
  const types = await agentKeyTypes(socket).catch(() => []);
  return types.flatMap((type) => {
    if (isSecurityKey(type)) return ["the agent has a security key (FIDO)"];
    return /-cert-v\d+@/.test(type) ? ["the agent has a certificate"] : [];
  });
}

function isSecurityKey(type: string | undefined): boolean {
  return type?.startsWith("sk-") ?? false;
}

/** From the private key FILE, else from FILE.pub. */
async function typeOfKeyIn(file: string): Promise<string | undefined> {
  for (const candidate of [file, `${file}.pub`]) {
    const text = await readFile(candidate, "latin1").catch(() => "");
    const blob = publicPartOfOpenSshKey(text);
    const type = blob ? keyType(blob) : /^(?:sk-|ssh-|ecdsa-)\S+/.exec(text)?.[0];
    if (type !== undefined) return type;
  }
  return undefined;
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}
