/** devtool.config.ts, .js, .mjs or .json. Paths are relative to the folder it lies in. Every part is optional. */
export interface DevtoolConfig {
  readonly bundle?: BundleConfig;
  readonly native?: NativeConfig;
  readonly sync?: SyncConfig;
  /** The command put before NAME CMD…; it runs in the mirror. */
  readonly run?: readonly string[];
  /** By name; a string is `local`, `vagrant` or a host as ssh takes it. */
  readonly targets?: Readonly<Record<string, string | TargetSettings>>;
  /** The target to use without --target. */
  readonly target?: string;
}

export interface BundleConfig {
  /** Output name → file, or files, each named as its own. */
  readonly entryPoints: Readonly<Record<string, string>> | readonly string[];
  /** `.devtool`. devtool removes from it only what it wrote there. */
  readonly outdir?: string;
  /** Packages to ship for the target's platform instead of bundling them; those with native parts devtool mostly sees itself. */
  readonly addons?: readonly string[];
  // From here on as in esbuild's own options.
  readonly alias?: Readonly<Record<string, string>>;
  readonly banner?: Readonly<Record<string, string>>;
  readonly conditions?: readonly string[];
  readonly define?: Readonly<Record<string, string>>;
  readonly drop?: readonly ("console" | "debugger")[];
  readonly external?: readonly string[];
  readonly footer?: Readonly<Record<string, string>>;
  /** `esm`. */
  readonly format?: "esm" | "cjs" | "iife";
  readonly inject?: readonly string[];
  readonly keepNames?: boolean;
  readonly loader?: Readonly<Record<string, string>>;
  readonly mainFields?: readonly string[];
  readonly minify?: boolean;
  /** `linked`. */
  readonly sourcemap?: boolean | "linked" | "inline" | "external" | "both";
  readonly splitting?: boolean;
  /** `node20.19`. */
  readonly target?: string | readonly string[];
  readonly tsconfig?: string;
}

export interface NativeConfig {
  /** Holds the Makefile. */
  readonly folder: string;
  /** What make is to make; its first target without it. */
  readonly target?: string;
}

/** Patterns in gitignore syntax. */
export interface SyncConfig {
  /** What goes to the target besides the bundle and the native folder. With none of the three: the whole project. */
  readonly include?: readonly string[];
  /** What does not. What .gitignore lists does not either, unless a `!pattern` here takes that back. */
  readonly exclude?: readonly string[];
  /** Which files are executable, where the file system does not tell (Windows). */
  readonly executable?: readonly string[];
}

/** One entry of `targets`. `sudo`: `true` must work, `false` is never used, absent is used where it asks for no password. */
export type TargetSettings =
  | { readonly kind: "local"; readonly sudo?: boolean | undefined }
  | {
      readonly kind: "ssh";
      readonly host: string;
      readonly sudo?: boolean | undefined;
      /** Instead of ~/.ssh/config. */
      readonly configFile?: string | undefined;
    }
  | { readonly kind: "vagrant"; readonly machine?: string | undefined; readonly sudo?: boolean | undefined };

/** Returns its argument: an editor completes and checks what is written in it. */
export function defineConfig(config: DevtoolConfig): DevtoolConfig {
  return config;
}
