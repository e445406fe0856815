import { getSystemErrorMap } from "node:util";
import { Failure } from "../../failure.ts";

const PASSING = new Set(["ECONNRESET", "EPIPE", "ETIMEDOUT", "EAI_AGAIN", "ENETDOWN", "ENETUNREACH", "EHOSTUNREACH"]);

/** Whether the same request may succeed a little later. */
export function isPassing(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined ? /^it says nothing|aborted/.test(message) : PASSING.has(code);
}

/** For a connection that could not be made or used. */
export function unreachable({ host, protocol }: URL, error: unknown): Failure {
  const { code = "", errno, message } = error as NodeJS.ErrnoException;
  const reason = (errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1]) ?? message;
  const remedy = protocol === "https:" ? remedyOf(code, host) : undefined;
  return new Failure(`can't reach ${host}: ${WORDS[code] ?? reason}`, {
    code: "registry-unreachable",
    ...(remedy === undefined ? {} : { remedy }),
    cause: error,
  });
}

const WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: "there is no host of that name",
  EPROTO: "it does not speak TLS",
  ECONNRESET: "it closed the connection",
};

/** OpenSSL's verification errors, as Node.js names them. */
const UNTRUSTED = /^(?:SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_(?:GET_ISSUER|VERIFY_LEAF)|CERT_)/;

function remedyOf(code: string, host: string): string | undefined {
  if (UNTRUSTED.test(code)) return `put the certificate of its authority into /etc/docker/certs.d/${host}/ca.crt`;
  if (code === "EPROTO" || code === "ERR_SSL_WRONG_VERSION_NUMBER")
    return `where it may be reached by plain HTTP, say so in registries.json: {"insecure-registries": ["${host}"]}`;
  return undefined;
}
