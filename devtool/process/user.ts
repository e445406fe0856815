import { existsSync } from "node:fs";
import { homedir, userInfo } from "node:os";

export interface User {
  readonly uid: number;
  readonly username: string;
  readonly homedir: string;
}

/** Who runs this. Where /etc/passwd has no line for the uid, as in many containers, what the environment says counts. */
export function thisUser(): User {
  try {
    return userInfo();
  } catch {
    const { USER, LOGNAME, HOME } = process.env;
    const uid = process.getuid?.() ?? -1;
    return { uid, username: USER || LOGNAME || String(uid), homedir: HOME || "/" };
  }
}

/** $HOME where it is set, unlike the folder that /etc/passwd names. */
export function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return thisUser().homedir;
  }
}

/** Where a session of the user begins: as sshd has it, in / where the home is not there. */
export function firstFolder(): string {
  const home = homeFolder();
  return existsSync(home) ? home : "/";
}
