import type { Failure } from "../../failure.ts";
import { say } from "./say.ts";

/** For what a person should know although the start goes on. */
export function warn({ message, remedy }: Failure): void {
  say(`tinydocker: warning: ${message}\n${remedy ? `  ${remedy}\n` : ""}`);
}
