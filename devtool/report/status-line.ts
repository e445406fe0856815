export interface StatusLine {
  begin(text: string): void;
  clear(): void;
}

const PROGRESS_AFTER_MS = 1_000;

/** Shows what takes longer than a second while it lasts; only on a terminal, where the line can be erased again. */
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
