import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { type Scope, temporaryDirectory } from "./host.ts";

/** Why the real registry can't run here. */
export function registryLacks(): string | undefined {
  const missing = ["docker-registry", "skopeo"].filter((program) => !existsSync(`/usr/bin/${program}`));
  return missing.length > 0 ? missing.join(", ") : undefined;
}

export interface Registry {
  /** 127.0.0.1:PORT */
  readonly host: string;
  /** In which the caller finds registries.json, certificates and credentials. */
  readonly env: Readonly<Record<string, string>>;
  readonly directory: string;
  /** Copies the image of an OCI layout into it. */
  push(layout: string, name: string): Promise<void>;
}

interface RegistryOptions {
  /** With a certificate of a private authority. */
  readonly tls?: boolean;
  /** USER:PASSWORD */
  readonly login?: string;
}

/** Debian's docker-registry on a port of the loopback, ended after the test. */
export async function startRegistry(scope: Scope, { tls = false, login }: RegistryOptions = {}): Promise<Registry> {
  const directory = await temporaryDirectory(scope);
  if (tls) makeCertificate(directory);
  const config = join(directory, "registry.json");
  await writeFile(config, JSON.stringify(await configuration(directory, tls, login)));
  const child = spawn("docker-registry", ["serve", config], { stdio: ["ignore", "ignore", "pipe"] });
  scope.after(async () => {
    child.kill("SIGKILL");
    await once(child, "close");
  });
  let host = "";
  for await (const line of createInterface(child.stderr)) {
    host = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1] ?? "";
    if (host !== "") break;
  }
  child.stderr.resume();
  const env = { HOME: directory, XDG_CONFIG_HOME: join(directory, "config"), PATH: process.env["PATH"] ?? "" };
  await trust(env.XDG_CONFIG_HOME, host, tls ? join(directory, "ca.crt") : undefined);
  return { host, env, directory, push: (layout, name) => push(layout, `${host}/${name}`, login) };
}

async function configuration(directory: string, tls: boolean, login: string | undefined): Promise<object> {
  const [certificate, key] = [join(directory, "server.crt"), join(directory, "server.key")];
  const path = join(directory, "htpasswd");
  if (login !== undefined) {
    const [user = "", password = ""] = login.split(":");
    const hash = execFileSync("perl", ["-e", HASH, password], { encoding: "utf8" }).trim();
    await writeFile(path, `${user}:${hash}\n`);
  }
  return {
    version: "0.1",
    log: { level: "info", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory, "data") }, delete: { enabled: true } },
    http: { addr: "127.0.0.1:0", ...(tls ? { tls: { certificate, key } } : {}) },
    ...(login === undefined ? {} : { auth: { htpasswd: { realm: "test", path } } }),
  };
}

/** bcrypt, as docker-registry wants it. */
const HASH = "print crypt($ARGV[0], q($2y$04$abcdefghijklmnopqrstuu))";

export function makeCertificate(directory: string): void {
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: directory, stdio: "ignore" });
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  openssl(...request, "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.crt");
  const signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-addext", "subjectAltName=IP:127.0.0.1"];
  const leaf = ["-addext", "basicConstraints=critical,CA:FALSE"];
  openssl(...request, ...signed, ...leaf, "-subj", "/CN=registry", "-keyout", "server.key", "-out", "server.crt");
}

/** Says in the caller's files that the registry may be used: by plain HTTP, or by its authority. */
export async function trust(config: string, host: string, authority: string | undefined): Promise<void> {
  await mkdir(join(config, "tinydocker"), { recursive: true });
  const insecure = authority === undefined ? [host] : [];
  await writeFile(join(config, "tinydocker/registries.json"), JSON.stringify({ "insecure-registries": insecure }));
  if (authority === undefined) return;
  await mkdir(join(config, "containers/certs.d", host), { recursive: true });
  execFileSync("cp", [authority, join(config, "containers/certs.d", host, "ca.crt")]);
}

async function push(layout: string, name: string, login: string | undefined): Promise<void> {
  const options = [
    "--insecure-policy",
    "--dest-tls-verify=false",
    ...(login === undefined ? [] : ["--dest-creds", login]),
  ];
  await promisify(execFile)("skopeo", ["copy", "-q", ...options, `oci:${layout}`, `docker://${name}`]);
}

/** What a registry answers; `next` answers as it should. */
export type Answering = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

export interface FaultyRegistry {
  readonly host: string;
  readonly env: Readonly<Record<string, string>>;
  /** METHOD PATH [RANGE] of each request. */
  readonly requests: string[];
}

/** A registry that has one image as `image:latest`, and that a test lets misbehave. `files`: an OCI layout. */
export async function faultyRegistry(
  scope: Scope,
  files: Readonly<Record<string, Buffer>>,
  answering: Answering = (_request, _response, next) => next(),
): Promise<FaultyRegistry> {
  const directory = await temporaryDirectory(scope);
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push([request.method, request.url, request.headers.range].filter(Boolean).join(" "));
    answering(request, response, () => serve(files, request, response));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  scope.after(async () => {
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { HOME: directory, XDG_CONFIG_HOME: join(directory, "config"), PATH: process.env["PATH"] ?? "" };
  await trust(env.XDG_CONFIG_HOME, host, undefined);
  return { host, env, requests };
}

function serve(files: Readonly<Record<string, Buffer>>, request: IncomingMessage, response: ServerResponse): void {
  const [, kind, name = ""] = /^\/v2\/image\/(manifests|blobs)\/(.*)$/.exec(request.url ?? "") ?? [];
  const index = JSON.parse(String(files["index.json"])).manifests[0];
  const digest = name.startsWith("sha256:") ? name : index.digest;
  const content = kind === undefined ? undefined : files[`blobs/${digest.replace(":", "/")}`];
  if (!content) {
    response.writeHead(404, { "content-type": "application/json" });
    response.end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}');
    return;
  }
  const [, from] = /^bytes=(\d+)-/.exec(request.headers.range ?? "") ?? [];
  const start = Number(from ?? 0);
  const type = kind === "blobs" ? "application/octet-stream" : index.mediaType;
  const range = { "content-range": `bytes ${start}-${content.length - 1}/${content.length}` };
  const known = kind === "manifests" ? { "docker-content-digest": digest } : {};
  response.writeHead(from === undefined ? 200 : 206, {
    "content-type": type,
    "content-length": content.length - start,
    ...known,
    ...(from === undefined ? {} : range),
  });
  response.end(content.subarray(start));
}
