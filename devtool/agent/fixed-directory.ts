import { lstatSync, realpathSync } from "node:fs";
import { errnoOf } from "./start.ts";

/** A directory, told from another that may be in its place later. */
export class FixedDirectory {
  readonly #path: string;
  readonly #identity: string;

  /** @throws a system error: ELOOP where a link is in its path */
  constructor(path: string) {
    if (realpathSync(path) !== path) throw Object.assign(new Error("a link is in its path"), { code: "ELOOP" });
    this.#path = path;
    this.#identity = identityOf(path);
  }

  /** The errno of why it is not at its path any more: ESTALE where something else is there. */
  whyGone(): string | undefined {
    try {
      return identityOf(this.#path) === this.#identity ? undefined : "ESTALE";
    } catch (error) {
      return errnoOf(error);
    }
  }
}

function identityOf(path: string): string {
  const { dev, ino } = lstatSync(path, { bigint: true });
  return `${dev}:${ino}`;
}
