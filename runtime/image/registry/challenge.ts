/** One of those in a WWW-Authenticate header (RFC 9110 §11.6.1); names in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const PARAMETER = new RegExp(`^[\\s,]*(${TOKEN})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))`, "s");
const SCHEME = new RegExp(`^[\\s,]*(${TOKEN})(?=\\s|,|$)`);
/** What some schemes have in place of parameters, such as Negotiate. */
const TOKEN68 = /^\s+[\w.~+/-]+=*(?=\s*(?:,|$))/;
const HEADER_CHARACTERS_MAX = 8_192;

/** Reads as far as it is well-formed. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let rest = header.slice(0, HEADER_CHARACTERS_MAX);
  for (let scheme = SCHEME.exec(rest); scheme; scheme = SCHEME.exec(rest)) {
    const parameters: [string, string][] = [];
    rest = rest.slice(scheme[0].length).replace(TOKEN68, "");
    for (let found = PARAMETER.exec(rest); found; found = PARAMETER.exec(rest)) {
      parameters.push([(found[1] ?? "").toLowerCase(), found[2]?.replace(/\\(.)/gs, "$1") ?? found[3] ?? ""]);
      rest = rest.slice(found[0].length);
    }
    challenges.push({ scheme: (scheme[1] ?? "").toLowerCase(), parameters: Object.fromEntries(parameters) });
  }
  return challenges;
}
