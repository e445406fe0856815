/** The size and type of the terminal that a stream leads to. */
export function terminalAt({ columns = 80, rows = 24 }: { readonly columns?: number; readonly rows?: number }) {
  return { columns, rows, term: process.env["TERM"] ?? "xterm" };
}
