import { Failure } from "../failure.ts";

/** What a file of an editor's has of devtool's after a merge. */
export interface Merged {
  /** Undefined where the file need not be written. */
  readonly text: string | undefined;
  /** What devtool would write another way, and left as it is because someone edited it. */
  readonly kept: readonly string[];
}

/** A file of a project that an editor reads. */
export interface EditorFile {
  /** Relative to the project, posix. */
  readonly path: string;
  /**
   * Puts devtool's part into the file's text, undefined where there is no file. What is there under the same names is kept
   * unless `replaces`. @throws Failure where the text is not valid
   */
  merge(text: string | undefined, replaces: boolean): Merged;
}

/** A file that is devtool's alone. */
export function ownFile(path: string, content: string): EditorFile {
  return {
    path,
    merge: (text, replaces) => {
      if (text !== undefined && isSame(text, content)) return { text: undefined, kept: [] };
      return text === undefined || replaces ? { text: content, kept: [] } : { text: undefined, kept: [path] };
    },
  };
}

/** Git may check a file out with the line ends of Windows. */
export function isSame(text: string, content: string): boolean {
  return text.replaceAll("\r\n", "\n") === content;
}

/** Of a file that someone edited. */
export function invalid(path: string, why: string): Failure {
  return new Failure(`${path} can't be extended: ${why}`, {
    code: "editor-file-invalid",
    remedy: "mend it or move it away, then try again",
    exitCode: 2,
  });
}
