import { Failure } from "../../failure.ts";

const USUAL = "ctrl-p,ctrl-q";

/** docker's words for keys: letters, or ctrl- and a letter or one of @ [ \ ] ^ _, separated by commas. Throws Failure. */
export function detachKeys(written: string = USUAL): Buffer {
  const bytes = written.split(",").map((key) => byteOf(key.trim()));
  if (bytes.every((byte) => byte !== undefined)) return Buffer.from(bytes);
  throw new Failure(`--detach-keys takes keys such as ${USUAL}, not ${JSON.stringify(written)}`, { code: "usage" });
}

function byteOf(key: string): number | undefined {
  const [, control = ""] = /^ctrl-([a-z@[\\\]^_])$/i.exec(key) ?? [];
  if (control !== "") return control.toUpperCase().charCodeAt(0) & 0x1f;
  return /^[\x21-\x7e]$/.test(key) ? key.charCodeAt(0) : undefined;
}

/** Returns a function that takes what is typed and returns what is to be passed on, and whether the keys were typed. */
export function watchKeys(keys: Buffer): (typed: Buffer) => { readonly passed: Buffer; readonly detached: boolean } {
  let matched = 0;
  return (typed) => {
    const passed: number[] = [];
    for (const byte of typed) {
      // What was held back is not the keys after all.
      if (byte !== keys[matched]) {
        passed.push(...keys.subarray(0, matched));
        matched = 0;
      }
      if (byte === keys[matched]) matched += 1;
      else passed.push(byte);
      if (matched === keys.length) return { passed: Buffer.from(passed), detached: true };
    }
    return { passed: Buffer.from(passed), detached: false };
  };
}
