import { Failure, type FailureCode } from "../../failure.ts";
import { isListOf, isRecordOf, isText, parseWithoutNulls } from "../../shape.ts";
import { type Answer, textOf, type Web } from "./http.ts";
import { retryAfter } from "./retry-after.ts";

/** The distribution-spec's error body. */
const isErrors = isRecordOf({ errors: isListOf(isRecordOf({}, { code: isText, message: isText })) });
/** What token servers answer: RFC 6749 §5.2, and Docker Hub's own. */
const isTokenError = isRecordOf({}, { error: isText, error_description: isText, details: isText, message: isText });

const WORDS_BYTES_MAX = 64 * 1_024;
const WORDS_SHOWN_MAX = 500;

/**
 * For an answer that is not what was asked for, in the registry's own words. Reads it. `what`: "can't pull NAME". `domain`: of the
 * registry to which one can log in, as its server of tokens or its storage may be what answers; undefined: one does just that.
 */
export async function refusal(web: Web, what: string, answer: Answer, domain: string | undefined): Promise<Failure> {
  const { status, url, headers } = answer;
  const said = await textOf(web, answer, WORDS_BYTES_MAX).catch(() => Buffer.alloc(0));
  const words = wordsOf(said.toString("utf8"), headers["content-type"] ?? "");
  const remedy = remedyOf(status, domain, retryAfter(headers));
  return new Failure(`${what}: ${url.host} answers ${status}${words === "" ? "" : `: ${words}`}`, {
    code: codeOf(status),
    ...(remedy === undefined ? {} : { remedy }),
  });
}

function codeOf(status: number): FailureCode {
  if (status === 401 || status === 403) return "registry-denied";
  if (status === 404) return "image-not-found";
  return status === 429 ? "registry-limited" : "registry-failed";
}

function remedyOf(status: number, domain: string | undefined, later: number | undefined): string | undefined {
  switch (status) {
    case 401:
    case 403:
      return domain === undefined
        ? "check the user name and the password"
        : `check the name; if it is right, log in: tinydocker login ${domain}`;
    case 404:
      return "check the name and the tag";
    case 429:
      return later === undefined
        ? "wait, or log in for a higher limit"
        : `wait ${Math.ceil(later / 1_000)} s, or log in for a higher limit`;
    default:
      return undefined;
  }
}

/** Printable, on one line. */
export function wordsOf(body: string, type: string): string {
  if (/html/i.test(type) || /^\s*<(?:!doctype|html)/i.test(body)) return "a web page, not a registry's answer";
  const value = parseWithoutNulls(body);
  const words = isErrors(value)
    ? value.errors.map(({ code = "", message = "" }) => (message === "" ? code : `${message}${code && ` (${code})`}`))
    : isTokenError(value)
      ? [value.details ?? value.message ?? value.error_description ?? value.error ?? ""]
      : [body];
  return words
    .join("; ")
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, " ")
    .trim()
    .slice(0, WORDS_SHOWN_MAX);
}
