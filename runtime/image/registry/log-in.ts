import { Failure } from "../../failure.ts";
import { openConnections } from "./connection.ts";
import type { Credentials } from "./credentials.ts";
import { type Answer, PAUSES_MS, SILENCE_MS, send, type Web } from "./http.ts";
import { refusal } from "./refusal.ts";
import { endpointsOf, isInsecure, registrySettings } from "./settings.ts";
import { authorize } from "./token.ts";

/** Whether a registry takes the credentials; one that asks for none takes any, as with docker. Throws Failure where it does not, or does not answer. */
export async function checkCredentials(
  domain: string,
  credentials: Credentials,
  { env, signal }: { readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<void> {
  const { insecure } = registrySettings(env);
  const connections = openConnections(env, (host) => isInsecure(host, { insecure }));
  const web: Web = { connections, signal, silence: SILENCE_MS, pauses: PAUSES_MS };
  try {
    const answer = await firstOf(endpointsOf(domain, { mirrors: [], insecure }), ({ url }) =>
      asked(web, new URL(`${url}/v2/`), credentials),
    );
    if (answer.status !== 200) throw await refusal(web, `can't log in to ${domain}`, answer, undefined);
    answer.discard();
  } finally {
    connections.close();
  }
}

/** Of an insecure registry, the next address is tried where one does not answer. */
async function firstOf<T>(these: readonly T[], ask: (one: T) => Promise<Answer>): Promise<Answer> {
  const [first, ...rest] = these;
  if (first === undefined) throw new Error("no address");
  try {
    return await ask(first);
  } catch (error) {
    if (rest.length === 0 || !(error instanceof Failure) || error.code !== "registry-unreachable") throw error;
    return firstOf(rest, ask);
  }
}

async function asked(web: Web, url: URL, credentials: Credentials): Promise<Answer> {
  const answer = await send(web, url);
  const header = answer.headers["www-authenticate"];
  // Redirected elsewhere: the credentials are not for that host.
  if (answer.status !== 401 || header === undefined || answer.url.host !== url.host) return answer;
  const authorization = await authorize(web, header, { url: answer.url, domain: undefined, scopes: [], credentials });
  if (authorization === undefined) return answer;
  answer.discard();
  return send(web, url, { headers: { authorization } });
}
