import { spawn } from "node:child_process";
import { Failure } from "../../failure.ts";
import { isRecordOf, isText, parseWithoutNulls } from "../../shape.ts";
import type { Credentials } from "./credentials.ts";

const isAnswer = isRecordOf({ Username: isText, Secret: isText });
/** By this name a helper says that the secret is a refresh token. */
const TOKEN_USER = "<token>";
const ANSWER_BYTES_MAX = 64 * 1_024;
const HELPER_MS_MAX = 30_000;
/** docker-credential-helpers: credentials/error.go. */
const NOT_FOUND = "credentials not found in native keychain";

/** How long a helper is waited for. */
export interface Patience {
  readonly signal?: AbortSignal;
  /** In milliseconds. */
  readonly silence?: number;
}

/** Whether that is why it could not be asked. */
export function isNotInstalled(error: unknown): boolean {
  return error instanceof Failure && (error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT";
}

/** By docker's protocol: `docker-credential-NAME get`, with the registry on its input. Undefined: it has none. */
export async function askHelper(
  name: string,
  server: string,
  env: NodeJS.ProcessEnv,
  patience: Patience = {},
): Promise<Credentials | undefined> {
  const program = programOf(name);
  patience.signal?.throwIfAborted();
  const { code, output } = await run(program, "get", server, env, patience);
  if (code !== 0 && output.includes(NOT_FOUND)) return undefined;
  const answer = code === 0 ? parseWithoutNulls(output) : undefined;
  if (!isAnswer(answer)) {
    const said =
      code === 0 ? "its answer is not what its protocol says" : output.trim().slice(0, 500) || `exit code ${code}`;
    throw new Failure(`${program} has no credentials for ${server}: ${said}`, { code: "registry-denied" });
  }
  const { Username, Secret } = answer;
  if (Secret === "") return undefined;
  return Username === TOKEN_USER ? { identityToken: Secret } : { user: Username, password: Secret };
}

/** Throws Failure where it does not store them. */
export async function storeInHelper(
  name: string,
  server: string,
  { user, password }: { readonly user: string; readonly password: string },
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const input = JSON.stringify({ ServerURL: server, Username: user, Secret: password });
  await change(name, "store", input, env);
}

/** Also where it has none. Throws Failure where it can't remove them. */
export async function eraseInHelper(name: string, server: string, env: NodeJS.ProcessEnv): Promise<void> {
  await change(name, "erase", server, env);
}

async function change(name: string, verb: "store" | "erase", input: string, env: NodeJS.ProcessEnv): Promise<void> {
  const program = programOf(name);
  const { code, output } = await run(program, verb, input, env);
  if (code === 0 || (verb === "erase" && output.includes(NOT_FOUND))) return;
  const said = output.trim().slice(0, 500) || `exit code ${code}`;
  throw new Failure(`${program} ${verb} failed: ${said}`, { code: "registry-denied" });
}

function programOf(name: string): string {
  if (/^[\w.-]+$/.test(name)) return `docker-credential-${name}`;
  throw new Failure(`${JSON.stringify(name)} is not the name of a credential helper`, { code: "usage" });
}

function run(
  program: string,
  verb: "get" | "store" | "erase",
  input: string,
  env: NodeJS.ProcessEnv,
  { signal, silence = HELPER_MS_MAX }: Patience = {},
): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [verb], { stdio: ["pipe", "pipe", "inherit"], env });
    let output = "";
    const giveUp = (reason: unknown) => {
      child.kill("SIGKILL");
      // What a shell's script has started may live on, and keep it open.
      child.stdout.destroy();
      reject(reason);
    };
    const abort = () => giveUp(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    const timer = setTimeout(() => giveUp(silent(program, verb, silence)), silence);
    child.on("error", (error: NodeJS.ErrnoException) => {
      const why = error.code === "ENOENT" ? "is not installed" : error.message;
      reject(new Failure(`the credential helper ${program} ${why}`, { code: "registry-denied", cause: error }));
    });
    child.stdout.on("data", (piece: Buffer) => {
      output += piece.toString();
      if (output.length > ANSWER_BYTES_MAX) child.kill();
    });
    // A helper may end without reading it.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    child.on("close", (code) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      resolve({ code: code ?? 1, output });
    });
  });
}

function silent(program: string, verb: string, milliseconds: number): Failure {
  return new Failure(`the credential helper ${program} does not answer within ${milliseconds / 1_000} s`, {
    code: "registry-denied",
    remedy: `try it by itself: echo HOST | ${program} ${verb}`,
  });
}
