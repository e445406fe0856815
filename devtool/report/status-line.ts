export interface StatusLine {
  begin(text: string): void;
  clear(): void;
}

const PROGRESS_AFTER_MS = 1_000;

/** What takes longer than a second is named while it lasts, where a terminal can take the line back. */
export function createStatusLine(stderr: NodeJS.WritableStream & { readonly isTTY?: boolean }): StatusLine {
  let timer: NodeJS.Timeout | undefined;
  let isShown = false;
  return {
    begin: (text) => {
      if (!stderr.isTTY) return;
      timer = setTimeout(() => {
        isShown = true;
        stderr.write(`\r\x1b[Kdevtool: ${text} …`);
      }, PROGRESS_AFTER_MS);
      timer.unref();
    },
    clear: () => {
      clearTimeout(timer);
      if (isShown) stderr.write("\r\x1b[K");
      isShown = false;
    },
  };
}
