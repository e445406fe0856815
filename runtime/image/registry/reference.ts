import { Failure } from "../../failure.ts";

/** The name of an image in a registry, as docker reads it: github.com/distribution/reference. */
export interface Reference {
  /** HOST[:PORT]; docker.io if none is named. */
  readonly domain: string;
  /** The repository, such as library/debian. */
  readonly path: string;
  /** "latest" where neither a tag nor a digest is named; absent where there is a digest, which counts more. */
  readonly tag?: string;
  readonly digest?: string;
}

export const DOCKER_HUB = "docker.io";
/** Of docker.io, where a name without a slash is. */
const OFFICIAL = "library/";

const COMPONENT = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const PATH = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const LABEL = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const DOMAIN = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}$/;
const DIGEST = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;
const PATH_BYTES_MAX = 255;
const REMEDY = "write it as docker does: [HOST[:PORT]/]NAME[:TAG][@DIGEST]";

/** Throws Failure for what is not a name. */
export function parseReference(text: string): Reference {
  const [beforeDigest = "", digest, ...more] = text.split("@");
  if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest)))
    throw invalid(text, "its digest is not sha256: or sha512: and hexadecimal digits");
  const { name, tag } = splitTag(beforeDigest);
  if (tag !== undefined && !TAG.test(tag))
    throw invalid(text, "a tag has 1 to 128 letters, digits, '_', '.' and '-', and does not begin with '.' or '-'");
  const { domain, path } = splitDomain(name);
  const fault = nameFault(name, domain, path);
  if (fault !== undefined) throw invalid(text, fault);
  if (digest !== undefined) return { domain, path, digest };
  return { domain, path, tag: tag ?? "latest" };
}

/** Of an image that nobody named: each has a name here. */
export function referenceById(by: "commit" | "import" | "load", id: string): Reference {
  return { domain: "localhost", path: by, tag: id.slice(id.indexOf(":") + 1).slice(0, ID_DIGITS) };
}

const ID_DIGITS = 12;

/** HOST[:PORT], of which a URL can be made: docker takes 1.2.3.400 and port 70000 for one, and finds nothing there. */
export function isDomain(text: string): boolean {
  return DOMAIN.test(text) && URL.canParse(`https://${text}`);
}

/** The last colon that no slash follows: one before is of a port. */
function splitTag(text: string): { readonly name: string; readonly tag?: string } {
  const colon = text.lastIndexOf(":");
  if (colon <= text.lastIndexOf("/")) return { name: text };
  return { name: text.slice(0, colon), tag: text.slice(colon + 1) };
}

/** What is before the first slash is a host if no repository can begin so. */
function splitDomain(name: string): Pick<Reference, "domain" | "path"> {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  const isHost = /[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase();
  const domain = isHost ? first.replace(/^index\.docker\.io$/, DOCKER_HUB) : DOCKER_HUB;
  const path = isHost ? name.slice(slash + 1) : name;
  return { domain, path: domain === DOCKER_HUB && !path.includes("/") ? `${OFFICIAL}${path}` : path };
}

function nameFault(name: string, domain: string, path: string): string | undefined {
  if (name === "") return "there is no name before the tag or digest";
  if (/^[a-f0-9]{64}$/.test(name)) return "a name of 64 hexadecimal digits would be read as an image's id";
  if (!isDomain(domain)) return `${JSON.stringify(domain)} is not a host`;
  if (path !== path.toLowerCase()) return "a repository's name is in lower case";
  if (path.length > PATH_BYTES_MAX) return `a repository's name has at most ${PATH_BYTES_MAX} characters`;
  if (!PATH.test(path)) return "a repository's name has letters, digits, and '.', '_', '__' or '-' between them";
  return undefined;
}

function invalid(text: string, why: string): Failure {
  return new Failure(`${JSON.stringify(text)} can't be the name of an image: ${why}`, {
    code: "name-invalid",
    remedy: REMEDY,
  });
}

export function isSameRepository(one: Reference, other: Reference): boolean {
  return one.domain === other.domain && one.path === other.path;
}

/** With the host and the tag or digest: docker.io/library/debian:13. */
export function fullName({ domain, path, tag, digest }: Reference): string {
  return `${domain}/${path}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

/** As docker prints it: without what it would add, unless what is left would mean another one. */
export function familiarName(reference: Reference): string {
  const { domain, path } = reference;
  const full = fullName(reference);
  if (domain !== DOCKER_HUB) return full;
  const short = path.startsWith(OFFICIAL) && !path.slice(OFFICIAL.length).includes("/");
  const name = short ? path.slice(OFFICIAL.length) : path;
  const read = splitDomain(name);
  if (read.domain !== domain || read.path !== path || nameFault(name, domain, path) !== undefined) return full;
  return full.slice(DOCKER_HUB.length + 1 + path.length - name.length);
}
