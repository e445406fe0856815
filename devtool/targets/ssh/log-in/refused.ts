import { Failure } from "../../../failure.ts";
import { lastSaid } from "../../said.ts";
import { type Account, hostWords, Unreachable } from "../transport/connect-failure.ts";
import type { LogInStory } from "./log-in.ts";

export interface RefusedLogIn extends LogInStory {
  /** Files with a public key whose private key is nowhere. */
  readonly withoutPrivateKey: readonly string[];
  /** Files that the configuration names for a key, and that are not there. */
  readonly missingKeys: readonly string[];
  /** Where an agent was to be asked for keys, and none answers. */
  readonly silentAgent: string | undefined;
}

/** The server let the user in by none of the methods tried. */
export function refused({ where, user }: Account, story: RefusedLogIn): Failure {
  const said = [...answers(story, user), ...unused(story)].join("; ");
  return new Unreachable(`${where} ${said}; it ${wants(story)}`, {
    code: "login-refused",
    remedy: remedy(story, hostWords(where, user)),
    exitCode: 2,
  });
}

/** What the server answered to what it was given. */
function answers(
  { acceptedKeys, refusedKeys, unsignedKeys, refusedAnswers, unasked, withoutPrivateKey, missingKeys }: RefusedLogIn,
  user: string,
): string[] {
  const said = [];
  if (acceptedKeys.length > 0) said.push(`accepted the key of ${user} (${acceptedKeys.join(", ")})`);
  else if (refusedKeys.length > 0) said.push(`refused every key offered as ${user} (${refusedKeys.join(", ")})`);
  if (unsignedKeys.length > 0)
    said.push(`accepts the key of ${user} (${unsignedKeys.join(", ")}), and the agent does not sign with it`);
  if (refusedAnswers > 0) said.push(`refused ${refusedAnswers === 1 ? "the answer" : `${refusedAnswers} answers`}`);
  if (said.length === 0 && !unasked && withoutPrivateKey.length === 0)
    said.push(`asks for a key for ${user}${missingKeys.length === 0 ? ", and none is configured" : ""}`);
  return said;
}

/** What could not be given to it. */
function unused({ acceptedKeys, unasked, withoutPrivateKey, missingKeys, silentAgent }: RefusedLogIn): string[] {
  const said = [];
  if (unasked) said.push(`asks for ${METHOD_WORDS[unasked.method]}, and ${unasked.why}`);
  if (acceptedKeys.length === 0 && withoutPrivateKey.length > 0)
    said.push(`neither a file nor an agent has the private key of ${withoutPrivateKey.join(", ")}`);
  if (acceptedKeys.length === 0 && missingKeys.length > 0)
    said.push(`there is no ${missingKeys.join(", ")}, which IdentityFile names`);
  if (acceptedKeys.length === 0 && silentAgent !== undefined) said.push(`no agent answers at ${silentAgent}`);
  return said;
}

const METHOD_WORDS: Readonly<Record<string, string>> = {
  password: "a password",
  "keyboard-interactive": "an answer, such as a one-time code",
};

function wants({ acceptedKeys, offers }: LogInStory): string {
  const methods = offers.join(", ") || "no other method";
  return acceptedKeys.length > 0 ? `wants another method as well: ${methods}` : `offers ${methods}`;
}

function remedy(
  { acceptedKeys, unsignedKeys, unasked, refusedAnswers, withoutPrivateKey, missingKeys, silentAgent }: RefusedLogIn,
  host: string,
): string {
  if (acceptedKeys.length === 0 && unsignedKeys.length > 0)
    return "unlock the agent, and confirm what it asks, such as by a touch of the security key";
  if (unasked) return "run devtool on a terminal, where it can ask";
  if (acceptedKeys.length > 0 || refusedAnswers > 0) return `see what it asks for: ssh ${host}`;
  const [file] = withoutPrivateKey;
  if (file !== undefined) return `add the private key to the agent: ssh-add ${file.replace(/\.pub$/, "")}`;
  if (missingKeys.length > 0) return `correct IdentityFile, or make a key there: ssh-keygen -f ${missingKeys[0]}`;
  if (silentAgent !== undefined) return "start it, or correct SSH_AUTH_SOCK or IdentityAgent, which name it";
  return `check the user name, and authorize a key there: ssh-copy-id ${host}`;
}

/** sshd's MaxAuthTries. */
export function tooManyAttempts(
  { where }: Account,
  { acceptedKeys, refusedKeys, refusedAnswers }: LogInStory,
): Failure {
  const byKeys = refusedKeys.length > 0 && acceptedKeys.length === 0 && refusedAnswers === 0;
  return new Failure(`${where} refused the login after too many ${byKeys ? "keys" : "attempts"}`, {
    code: "login-refused",
    remedy: byKeys
      ? "name the key to use: IdentityFile and IdentitiesOnly yes in ~/.ssh/config"
      : "try again, with the right answer first; how many it takes is MaxAuthTries in its sshd_config",
    exitCode: 2,
  });
}

export function passwordExpired({ where, user }: Account): Failure {
  return new Failure(`${where} wants ${user} to choose a new password`, {
    code: "login-refused",
    remedy: `choose it: ssh ${hostWords(where, user)}`,
    exitCode: 2,
  });
}

/** sshd tells a client nothing about it but what PAM has to say: `banner`. */
export function closedDuringLogin({ where, user }: Account, banner: string): Failure {
  const why = banner.trim() === "" ? ", without a reason" : `; it said: ${lastSaid(banner)}`;
  return new Failure(`${where} closed the connection while ${user} logged in${why}`, {
    code: "login-refused",
    remedy: `sshd's log there says why, such as MaxStartups, a locked account or fail2ban: journalctl -u ssh; compare ssh -v ${hostWords(where, user)}`,
    exitCode: 2,
  });
}
