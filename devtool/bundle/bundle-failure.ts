import { isAbsolute } from "node:path";
import { Failure } from "../failure.ts";
import type { Diagnostic } from "../report/diagnostic.ts";

/** The program does not bundle; the next save may fix it. */
export class BundleFailure extends Failure {
  readonly diagnostics: readonly Diagnostic[];

  readonly #awaited: readonly string[];

  /** `awaited`: files that it may need, relative to the project, posix. */
  constructor(diagnostics: readonly Diagnostic[], awaited: readonly string[] = [], remedy?: string) {
    const errors = diagnostics.filter(({ severity }) => severity === "error").length;
    super(`the bundle has ${errors === 1 ? "an error" : `${errors} errors`}`, {
      code: "bundle-failed",
      ...(remedy === undefined ? {} : { remedy }),
    });
    this.diagnostics = diagnostics;
    this.#awaited = awaited;
  }

  /** The files whose change may mend it; relative to the project, posix, without those of packages. */
  get files(): string[] {
    const faulty = this.diagnostics.map(({ file }) => file);
    const own = faulty.filter((file) => file !== "" && !isAbsolute(file) && !isPackaged(file));
    return [...own, ...this.#awaited];
  }
}

/** Of a path that esbuild gives. */
export function isPackaged(path: string): boolean {
  return /(^|\/)node_modules\//.test(path);
}
