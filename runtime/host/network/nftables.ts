import type { LibraryHandle } from "koffi";
import { loadSystemLibrary } from "../shim.ts";

/** The package libnftables1 of Debian and Ubuntu, and what nft itself uses. */
const LIBRARY = "libnftables.so.1";

/** Executes commands as nft(8) does, all in one transaction. Returns what the kernel, or nft's parser, has against them. */
export type Nftables = (commands: string) => string | undefined;

let loaded: Promise<Nftables | undefined> | undefined;

/** Undefined where libnftables is not installed. */
export function loadNftables(): Promise<Nftables | undefined> {
  loaded ??= loadSystemLibrary(LIBRARY).then((library) => library && nftablesOf(library));
  return loaded;
}

function nftablesOf(library: LibraryHandle): Nftables {
  const newContext = library.func("void *nft_ctx_new(uint32_t flags)");
  const bufferErrors = library.func("int nft_ctx_buffer_error(void *context)");
  const execute = library.func("int nft_run_cmd_from_buffer(void *context, const char *commands)");
  const errors = library.func("const char *nft_ctx_get_error_buffer(void *context)");
  // Never freed: it has a socket of netfilter, and closing that takes 5 to 20 ms after anything was deleted from a table.
  const context: unknown = newContext(0);
  // Without it, errors are printed on this process's standard error.
  bufferErrors(context);
  return (commands) => (execute(context, commands) === 0 ? undefined : String(errors(context)).trim());
}
