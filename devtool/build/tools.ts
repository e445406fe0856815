import type { BuildStep } from "./step.ts";

/** What a tool runs, with the arguments of the configuration. */
export type Tool = (args: readonly string[]) => Pick<BuildStep, "argv" | "anew" | "query">;

/** Prints which directory make is in, which the diagnostics' paths depend on, but not each command. */
const QUIET = ["--silent", "--print-directory"];

const make: Tool = (args) => ({
  argv: ["make", ...args, ...QUIET],
  anew: ["make", ...args, "-B", ...QUIET],
  query: ["make", ...args, "-q"],
});

const CONFIGURE = 'cmake -S . -B build "$@" || exit; exec cmake --build build --parallel';

/**
 * Once it is configured and built, cmake sees by itself when it has to configure again. Before that it does not: one that failed
 * or was ended leaves a cache too.
 */
const cmake: Tool = (args) => ({
  argv: ["sh", "-c", `[ -e build/CMakeCache.txt ] || ${CONFIGURE}`, "cmake", ...args],
  anew: ["sh", "-c", CONFIGURE, "cmake", ...args],
});

const cargo: Tool = (args) => ({ argv: ["cargo", "build", ...args] });

const go: Tool = (args) => ({ argv: ["go", "build", ...(args.length === 0 ? ["./..."] : args)] });

export const TOOLS = { make, cmake, cargo, go } as const;

/** Where each tool puts what it makes, below its folder: neither sent to the mirror nor deleted there. */
export const TOOL_OUTPUTS: Readonly<Record<keyof typeof TOOLS, readonly string[]>> = {
  make: [],
  cmake: ["build/"],
  cargo: ["target/"],
  go: [],
};

/** What each tool writes into its folder where the project has none. */
export const TOOL_LOCKS: Readonly<Partial<Record<keyof typeof TOOLS, string>>> = { cargo: "Cargo.lock" };

/** The programs that each tool needs, beside compilers. */
export const TOOL_PROGRAMS: Readonly<Record<keyof typeof TOOLS, readonly string[]>> = {
  make: ["make"],
  cmake: ["cmake", "make"],
  cargo: ["cargo"],
  go: ["go"],
};

/** What each tool needs in its folder; one of them. */
export const TOOL_FILES: Readonly<Record<keyof typeof TOOLS, readonly string[]>> = {
  make: ["GNUmakefile", "makefile", "Makefile"],
  cmake: ["CMakeLists.txt"],
  cargo: ["Cargo.toml"],
  go: ["go.mod"],
};
