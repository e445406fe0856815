import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { Failure } from "../../failure.ts";
import type { Platform } from "./files.ts";

const INSTALL_DEADLINE_MS = 180_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Installs one package below `prefix`/node_modules as npm would on `platform`, without running its scripts.
 * @throws Failure
 */
export async function npmInstall(spec: string, platform: Platform, prefix: string, signal: AbortSignal): Promise<void> {
  const args = ["install", "--prefix", prefix, "--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit"];
  args.push(
    "--no-fund",
    "--global=false",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
    `--os=${platform.platform}`,
    `--cpu=${platform.arch}`,
  );
  args.push(`--libc=${platform.libc}`, spec);
  const [file, ...first] = npmCommand();
  await new Promise<void>((resolve, reject) => {
    const settings = { cwd: prefix, signal, timeout: INSTALL_DEADLINE_MS, maxBuffer: OUTPUT_BYTES_MAX };
    execFile(file, [...first, ...args], settings, (error, _stdout, stderr) => {
      if (!error) resolve();
      else if (signal.aborted) reject(signal.reason);
      else reject(installFailure(spec, platform, stderr || error.message));
    });
  });
}

/** npm's own script where it can be found: on Windows `npm` is a batch file, which only a shell runs. */
function npmCommand(): [string, ...string[]] {
  const node = dirname(process.execPath);
  const candidates = [
    process.env["npm_execpath"] ?? "",
    join(node, "node_modules/npm/bin/npm-cli.js"),
    join(node, "../lib/node_modules/npm/bin/npm-cli.js"),
  ];
  const script = candidates.find((path) => path.endsWith("npm-cli.js") && existsSync(path));
  return script === undefined ? ["npm"] : [process.execPath, script];
}

function installFailure(spec: string, { platform, arch, libc }: Platform, output: string): Failure {
  const lines = output.split("\n").filter((line) => /^npm (error|ERR!)/.test(line));
  const words = lines.map((line) => line.replace(/^npm (error|ERR!) ?/, "").trim()).filter(Boolean);
  const code = /^code (\S+)/.exec(words[0] ?? "")?.[1];
  const reason = words.slice(code === undefined ? 0 : 1, 4).join("; ") || output.trim().split("\n")[0];
  const isUnreachable = /^(ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ERR_SOCKET)/.test(code ?? "");
  return new Failure(`npm can't get ${spec} for ${platform}-${arch}-${libc}: ${code ? `${code}: ` : ""}${reason}`, {
    code: isUnreachable ? "registry-unreachable" : "package-unavailable",
    remedy: isUnreachable
      ? "the package registry can't be reached: check the network, a proxy, and `npm config get registry`"
      : "check the package's name and version, and that it has a binary for that platform",
  });
}
