import { Failure } from "../../failure.ts";
import { DOCKER_HUB_HOSTS } from "../../image/registry/auth.ts";
import { checkCredentials } from "../../image/registry/log-in.ts";
import { DOCKER_HUB, isDomain } from "../../image/registry/reference.ts";
import { removeLogin, storeLogin } from "../../image/registry/store-login.ts";
import { say } from "../output/say.ts";
import { writeAll } from "../output/write.ts";
import { undoneBySignals } from "../signals.ts";
import { verb } from "../verbs/verb.ts";
import { askOnTerminal, passwordFrom } from "./ask-login.ts";

export const loginVerb = verb({
  synopsis: "[HOST[:PORT]]",
  describe: "Log in to a registry, docker.io if none is named, for pull and push; docker and podman know it then too",
  options: {
    username: { type: "string", short: "u", describe: "asked for without it" },
    password: { type: "string", short: "p", describe: "others see it in the list of processes: better asked for" },
    "password-stdin": { type: "boolean", describe: "read the password from standard input" },
  },
  run: async ({ username, password, "password-stdin": fromInput = false }, rest) => {
    const domain = domainOf(rest);
    const login = await asked(username, password, fromInput);
    await undoneBySignals((signal) => checkCredentials(domain, login, { env: process.env, signal }));
    const { file, helper } = await storeLogin(domain, login, process.env);
    if (helper === undefined)
      say(`tinydocker: the password is stored in ${file}, not encrypted; only you may read it\n`);
    writeAll(1, "Login Succeeded\n");
    return 0;
  },
});

export const logoutVerb = verb({
  synopsis: "[HOST[:PORT]]",
  describe: "Forget the credentials of a registry, docker.io if none is named",
  options: {},
  run: async (_, rest) => {
    const domain = domainOf(rest);
    const places = await removeLogin(domain, process.env);
    writeAll(1, places.length === 0 ? `Not logged in to ${domain}\n` : `Removing login credentials for ${domain}\n`);
    return 0;
  },
});

/** docker takes a URL too, and means its host. */
function domainOf(rest: readonly string[]): string {
  const [server = DOCKER_HUB, extra] = rest;
  if (extra !== undefined) throw new Failure(`unknown argument ${extra}`, { code: "usage" });
  const host = server.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  if (!isDomain(host)) throw new Failure(`${JSON.stringify(server)} is not a registry: HOST[:PORT]`, { code: "usage" });
  return DOCKER_HUB_HOSTS.includes(host) ? DOCKER_HUB : host;
}

async function asked(username: string | undefined, password: string | undefined, fromInput: boolean) {
  if (fromInput && password !== undefined)
    throw new Failure("--password and --password-stdin exclude each other", { code: "usage" });
  if (fromInput && !username)
    throw new Failure("--password-stdin needs --username: standard input has the password only", { code: "usage" });
  const user = username || (await askOnTerminal("Username: ", "shown"));
  const secret = fromInput
    ? await passwordFrom(process.stdin)
    : password || (await askOnTerminal("Password: ", "hidden"));
  if (user === "" || secret === "")
    throw new Failure(`the ${user === "" ? "user name" : "password"} is empty`, { code: "usage" });
  if (user.includes(":")) throw new Failure("a user name has no ':'", { code: "usage" });
  return { user, password: secret };
}
