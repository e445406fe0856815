import { execFile } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import { Failure } from "../../failure.ts";
import type { Platform } from "./package.ts";

const INSTALL_DEADLINE_MS = 180_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Installs what `prefix`/package.json names, as npm would on `platform`, without running scripts. npm passes over an
 * optional package that is for another platform or that it can't fetch; a needed one it takes for this machine's platform,
 * unless it is forced. `what` names the packages in a failure. @throws Failure
 */
export async function npmInstall(what: string, platform: Platform, prefix: string, signal: AbortSignal): Promise<void> {
  // With --prefix npm would not read the settings that this machine has for all its users, such as a registry or cafile.
  const args = ["install", "--workspaces=false", "--ignore-scripts", "--no-audit", "--no-fund", "--global=false"];
  args.push("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--omit=dev", "--include=optional", "--force");
  args.push(`--os=${platform.platform}`, `--cpu=${platform.arch}`, `--libc=${platform.libc}`);
  const [file, ...first] = npmCommand(what, platform);
  await new Promise<void>((resolve, reject) => {
    const settings = { cwd: prefix, signal, timeout: INSTALL_DEADLINE_MS, maxBuffer: OUTPUT_BYTES_MAX };
    execFile(file, [...first, ...args], settings, (error, _stdout, stderr) => {
      if (!error) resolve();
      else if (signal.aborted) reject(signal.reason);
      else if (error.killed) reject(tooLong(what, platform));
      else reject(installFailure(what, platform, stderr || error.message));
    });
  });
}

/**
 * npm as argv. Its own script where it can be found, which the same Node.js runs: on Windows `npm` is a batch file, which
 * only a shell runs, and a Node.js that was installed by itself has none beside it.
 */
export function npmCommand(
  what: string,
  platform: Platform,
  env = process.env,
  execPath = process.execPath,
): [string, ...string[]] {
  const node = dirname(execPath);
  const path = (env["PATH"] ?? env["Path"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const scripts = [
    env["npm_execpath"] ?? "",
    ...[node, ...path].map((folder) => join(folder, "node_modules/npm/bin/npm-cli.js")),
    join(node, "../lib/node_modules/npm/bin/npm-cli.js"),
    ...(process.platform === "win32" ? [] : path.map((folder) => realPath(join(folder, "npm")))),
  ];
  const script = scripts.find((file) => basename(file) === "npm-cli.js" && existsSync(file));
  if (script !== undefined) return [process.execPath, script];
  // A version manager's, which is a program of its own.
  const program = path.map((folder) => join(folder, process.platform === "win32" ? "npm.exe" : "npm")).find(existsSync);
  if (program !== undefined) return [program];
  throw new Failure(`npm, which gets ${what} for ${shownPlatform(platform)}, is not installed on this machine`, {
    code: "npm-missing",
    remedy: "install npm, which comes with Node.js, or name its npm-cli.js in the variable npm_execpath",
  });
}

function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return "";
  }
}

export function shownPlatform({ platform, arch, libc }: Platform): string {
  return `${platform}-${arch}-${libc}`;
}

const UNREACHABLE = {
  code: "registry-unreachable",
  remedy: "check the network, a proxy, and that the registry answers: npm ping; npm config get registry names it",
} as const;

function tooLong(what: string, platform: Platform): Failure {
  const limit = `${INSTALL_DEADLINE_MS / 1000} s`;
  return new Failure(`npm did not get ${what} for ${shownPlatform(platform)} within ${limit}`, UNREACHABLE);
}

/** Of npm's own, of the system's, and of a registry that has a fault for a moment. */
const NETWORK_CODES = /^(ENOTFOUND|EAI_|ECONN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ERR_SOCKET|FETCH_ERROR|E(429|5\d\d)$)/;

const UNTRUSTED_CODES = /CERT|UNABLE_TO_(GET_ISSUER|VERIFY)/;
const UNTRUSTED = {
  code: "registry-unreachable",
  remedy: "name the file with the certificate of the registry, or of the proxy before it: npm config set cafile FILE",
} as const;

function installFailure(what: string, platform: Platform, output: string): Failure {
  const lines = output.split("\n").filter((line) => /^npm (error|ERR!)/.test(line));
  const words = lines.map((line) => line.replace(/^npm (error|ERR!) ?/, "").trim()).filter(Boolean);
  const code = /^code (\S+)/.exec(words[0] ?? "")?.[1];
  const reason = words.slice(code === undefined ? 0 : 1, 4).join("; ") || output.trim().split("\n")[0];
  const message = `npm can't get ${what} for ${shownPlatform(platform)}: ${code ? `${code}: ` : ""}${reason}`;
  if (NETWORK_CODES.test(code ?? "")) return new Failure(message, UNREACHABLE);
  if (UNTRUSTED_CODES.test(code ?? "")) return new Failure(message, UNTRUSTED);
  return new Failure(message, {
    code: "package-unavailable",
    remedy: "check the package's name and version, and that it has a binary for that platform",
  });
}
