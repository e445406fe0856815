import { isAbsolute } from "node:path";
import { Failure } from "../failure.ts";
import type { Diagnostic } from "../report/diagnostic.ts";

/** The program does not bundle; the next save may fix it. */
export class BundleFailure extends Failure {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[], remedy?: string) {
    const errors = diagnostics.filter(({ severity }) => severity === "error").length;
    super(`the bundle has ${errors === 1 ? "an error" : `${errors} errors`}`, {
      code: "bundle-failed",
      ...(remedy === undefined ? {} : { remedy }),
    });
    this.diagnostics = diagnostics;
  }

  /** The files that the diagnostics are in; relative to the project, posix, without packages. */
  get files(): string[] {
    return this.diagnostics
      .map(({ file }) => file)
      .filter((file) => file !== "" && !isAbsolute(file) && !isPackaged(file));
  }
}

/** Of a path that esbuild gives. */
export function isPackaged(path: string): boolean {
  return /(^|\/)node_modules\//.test(path);
}
