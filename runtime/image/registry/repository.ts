import { credentialsFor } from "./auth.ts";
import { openConnections } from "./connection.ts";
import type { Credentials } from "./credentials.ts";
import { type Answer, type Ask, PAUSES_MS, SILENCE_MS, send, type Web } from "./http.ts";
import type { Reference } from "./reference.ts";
import { type Endpoint, endpointsOf, isInsecure, registrySettings } from "./settings.ts";
import { authorize } from "./token.ts";

/** One repository of a registry, or of a mirror of it, asked with the caller's credentials. */
export interface Repository {
  readonly web: Web;
  readonly endpoint: Endpoint;
  readonly path: string;
  readonly actions: "pull" | "pull,push";
  readonly credentials: Credentials | undefined;
  /** Another repository of the same registry, of which a blob is wanted. */
  readonly from?: string;
  /** What the registry asked for last. */
  authorization: string | undefined;
}

export interface Session {
  /** In the order in which they are asked: mirrors, then the registry itself. */
  readonly repositories: readonly Repository[];
  close(): void;
}

export interface SessionOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly actions: Repository["actions"];
  readonly silence?: number;
  readonly pauses?: readonly number[];
}

/** Reads the configuration and the credentials; nothing is sent yet. Throws Failure where they are not valid. */
export async function openSession(reference: Reference, options: SessionOptions): Promise<Session> {
  const { env, signal, actions, silence = SILENCE_MS, pauses = PAUSES_MS } = options;
  const settings = registrySettings(env);
  const endpoints = endpointsOf(reference.domain, actions === "pull" ? settings : { ...settings, mirrors: [] });
  const connections = openConnections(env, (host) => isInsecure(host, settings));
  const web: Web = { connections, signal, silence, pauses };
  const repositories: Repository[] = [];
  for (const endpoint of endpoints) {
    const credentials = await credentialsFor({ domain: endpoint.domain, path: reference.path }, env, web);
    repositories.push({ web, endpoint, path: reference.path, actions, credentials, authorization: undefined });
  }
  return { repositories, close: connections.close };
}

/** Below /v2/PATH/. Logs in where the registry asks for it. The answer may be a refusal. */
export async function ask(repository: Repository, below: string, request: Ask = {}): Promise<Answer> {
  const { endpoint, path } = repository;
  return askUrl(repository, new URL(`${endpoint.url}/v2/${path}/${below}`), request);
}

/** The same for a URL that the registry named. */
export async function askUrl(repository: Repository, url: URL, request: Ask = {}): Promise<Answer> {
  const { web, endpoint, credentials, path, actions, from } = repository;
  const offered = repository.authorization;
  const answer = await send(web, url, authorized(repository, url, request));
  const header = answer.headers["www-authenticate"];
  if (answer.status !== 401 || header === undefined) return answer;
  const scopes = [`repository:${path}:${actions}`, ...(from === undefined ? [] : [`repository:${from}:pull`])];
  const access = { url: answer.url, domain: endpoint.domain, scopes, credentials };
  // Redirected elsewhere: the credentials are not for that host.
  if (answer.url.host !== new URL(endpoint.url).host) return answer;
  const authorization = await authorize(web, header, access);
  if (authorization === undefined || authorization === offered) return answer;
  answer.discard();
  repository.authorization = authorization;
  return send(web, url, authorized(repository, url, request));
}

function authorized({ authorization, endpoint }: Repository, url: URL, request: Ask): Ask {
  if (authorization === undefined || url.host !== new URL(endpoint.url).host) return request;
  return { ...request, headers: { ...request.headers, authorization } };
}
