import { Failure } from "../../failure.ts";
import { isRecordOf, isText, parseWithoutNulls } from "../../shape.ts";
import { parseChallenges } from "./challenge.ts";
import type { Credentials } from "./credentials.ts";
import { type Ask, send, textOf, type Web } from "./http.ts";
import { refusal } from "./refusal.ts";

const TOKEN_BYTES_MAX = 1 << 20;
const isToken = isRecordOf({}, { token: isText, access_token: isText });
const CLIENT = "tinydocker";

/** What is asked of a registry, and for what. */
export interface Access {
  readonly url: URL;
  /** By which credentials are stored; undefined: they are only tried. */
  readonly domain: string | undefined;
  /** Such as repository:library/debian:pull. */
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
}

/** The Authorization that a registry's 401 asks for; undefined: there is no more to offer. Throws Failure. */
export async function authorize(web: Web, header: string, access: Access): Promise<string | undefined> {
  const challenges = parseChallenges(header);
  const bearer = challenges.find(({ scheme }) => scheme === "bearer");
  if (bearer) return `Bearer ${await token(web, bearer.parameters, access)}`;
  const { credentials } = access;
  const isBasic = challenges.some(({ scheme }) => scheme === "basic");
  return isBasic && credentials && "user" in credentials ? basic(credentials) : undefined;
}

function basic({ user, password }: { readonly user: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

/** By the distribution project's "Token Authentication" and "OAuth2 Token Authentication". */
async function token(web: Web, parameters: Readonly<Record<string, string>>, access: Access): Promise<string> {
  const realm = realmOf(parameters["realm"] ?? "", access.url);
  const query = new URLSearchParams();
  if (parameters["service"]) query.set("service", parameters["service"]);
  const answer = await send(web, ...requestOf(realm, query, access));
  if (answer.status !== 200) throw await refusal(web, `can't log in to ${access.url.host}`, answer, access.domain);
  const value = parseWithoutNulls((await textOf(web, answer, TOKEN_BYTES_MAX)).toString("utf8"));
  const found = isToken(value) ? value.token || value.access_token : undefined;
  // A header has no other characters.
  if (found && /^[\x21-\x7e]+$/.test(found)) return found;
  throw new Failure(`can't log in to ${access.url.host}: ${realm.host} answers without a token`, {
    code: "registry-failed",
  });
}

function requestOf(realm: URL, query: URLSearchParams, { scopes, credentials }: Access): [URL, Ask] {
  if (credentials && "identityToken" in credentials) {
    query.set("scope", scopes.join(" "));
    query.set("grant_type", "refresh_token");
    query.set("refresh_token", credentials.identityToken);
    query.set("client_id", CLIENT);
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return [realm, { method: "POST", headers, body: Buffer.from(query.toString()) }];
  }
  for (const scope of scopes) query.append("scope", scope);
  const url = new URL(realm);
  for (const [name, value] of query) url.searchParams.append(name, value);
  return [url, credentials ? { headers: { authorization: basic(credentials) } } : {}];
}

/** A registry that is encrypted may not have the password sent in the clear. */
function realmOf(realm: string, registry: URL): URL {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url?.protocol === "https:" || (url?.protocol === "http:" && registry.protocol === "http:")) return url;
  throw new Failure(
    `can't log in to ${registry.host}: the server of tokens that it names is ${JSON.stringify(realm)}`,
    {
      code: "registry-failed",
    },
  );
}
