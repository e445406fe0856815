import { mkdirSync, openSync, readFileSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import { Failure } from "../../failure.ts";
import { parseJson } from "../../shape.ts";
import { replaceFile } from "../../state/replace-file.ts";
import { type AuthFile, authFiles, helperOf, isHostKey, readAuthFile, serverOf } from "./auth.ts";

/** Where the credentials of a registry are: a file, or a program that the file names. */
export interface Place {
  readonly file: string;
  readonly helper: string | undefined;
}

/** Stores them where those of the registry are already, else in docker's own file. Throws Failure. */
export async function storeLogin(
  domain: string,
  login: { readonly user: string; readonly password: string },
  env: NodeJS.ProcessEnv,
): Promise<Place> {
  const files = authFiles(env);
  const file = files.find((path) => hasLogin(readAuthFile(path), domain)) ?? files.at(-1) ?? "";
  const content = readAuthFile(file) ?? {};
  const key = keyOf(content, domain) ?? serverOf(domain);
  const helper = helperOf(content, domain);
  if (helper === undefined) {
    const auth = Buffer.from(`${login.user}:${login.password}`).toString("base64");
    changeLogins(file, (auths) => ({ ...auths, [key]: { auth } }));
  } else {
    const { storeInHelper } = await import("./credential-helper.ts");
    await storeInHelper(helper, serverOf(domain), login, env);
    // As docker marks that the helper has some.
    changeLogins(file, (auths) => ({ ...auths, [key]: {} }));
  }
  return { file, helper };
}

/** Removes them wherever they are. Returns where that was. Throws Failure. */
export async function removeLogin(domain: string, env: NodeJS.ProcessEnv): Promise<Place[]> {
  const places: Place[] = [];
  for (const file of authFiles(env)) {
    const content = readAuthFile(file);
    if (content === undefined || !hasLogin(content, domain)) continue;
    const helper = helperOf(content, domain);
    if (helper !== undefined) {
      const { eraseInHelper } = await import("./credential-helper.ts");
      await eraseInHelper(helper, serverOf(domain), env);
    }
    if (keyOf(content, domain) !== undefined)
      changeLogins(file, (auths) =>
        Object.fromEntries(Object.entries(auths).filter(([key]) => !isHostKey(key, domain))),
      );
    places.push({ file, helper });
  }
  return places;
}

function hasLogin(content: AuthFile | undefined, domain: string): boolean {
  return content !== undefined && (keyOf(content, domain) !== undefined || helperOf(content, domain) !== undefined);
}

function keyOf({ auths = {} }: AuthFile, domain: string): string | undefined {
  return Object.keys(auths).find((key) => isHostKey(key, domain));
}

type Logins = Readonly<Record<string, unknown>>;

/** All else in the file stays as it is, and so does a link to it. Only the caller may read it. */
function changeLogins(file: string, change: (auths: Logins) => Logins): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const there = existing(file);
    const path = there ?? file;
    const content = (there === undefined ? {} : parseJson(readFileSync(there, "utf8"))) as Logins;
    const auths = change((content["auths"] ?? {}) as Logins);
    const text = `${JSON.stringify({ ...content, auths }, null, "\t")}\n`;
    replaceFile(path, `${path}.${process.pid}.part`, (at) => openSync(at, "wx", 0o600), {
      content: text,
      lasting: true,
    });
  } catch (error) {
    throw new Failure(`can't store credentials in ${file}: ${(error as Error).message}`, {
      code: "usage",
      cause: error,
    });
  }
}

function existing(file: string): string | undefined {
  try {
    return realpathSync(file);
  } catch {
    return undefined;
  }
}
