/** devtool.config.ts, .js, .mjs or .json. Paths are relative to its folder. Every part is optional. */
export interface DevtoolConfig {
  /** Where an editor finds the schema of a configuration in JSON. */
  readonly $schema?: string;
  readonly bundle?: BundleConfig;
  /** The short form of a `build` step of make. */
  readonly native?: NativeConfig;
  /**
   * What is built on the target after a sync, one after the other; those in an inner array side by side. Each only when
   * its inputs have changed. The name of a tool is a step in the project's own folder.
   */
  readonly build?: readonly (BuildConfig | readonly BuildConfig[])[];
  /** Run before the build steps, in order, once for each change of what they name: `npm ci`, migrations. */
  readonly afterSync?: readonly AfterSyncConfig[];
  readonly sync?: SyncConfig;
  readonly watch?: WatchConfig;
  readonly restart?: RestartConfig;
  /** The command put before CMD…; it runs in the mirror. */
  readonly run?: readonly string[];
  /**
   * How tinydocker is started on the target, without its own command: `["tinydocker"]`. `devtool exec`, `ps`, `logs`, `stop`,
   * `rm` and `stats` pass their arguments on to it, in the mirror, as root where the command runs as root.
   */
  readonly tinydocker?: readonly string[];
  /** Environment of the command and of `tinydocker`, besides LANG and LC_* of this machine. */
  readonly env?: Readonly<Record<string, string>>;
  /** A file with more of it, a NAME=value a line, such as `.env`. It is read here, and need not be sent. */
  readonly envFile?: string;
  /**
   * Whether that command runs as root, through sudo where it asks for no password, instead of as the login user. A target's
   * `sudo` overrides it. Default: false.
   */
  readonly asRoot?: boolean;
  /**
   * Whether `devtool watch` keeps a Node.js started on the target for the next save, where the command is Node.js's. It then
   * loads the program at once; only its clocks, such as `process.uptime()`, tell that it was started before. Default: true.
   */
  readonly warm?: boolean;
  /**
   * Ports of this machine that are the target's while `run` or `watch` runs: `8080`, `8080:80`, `0.0.0.0:8080:80`,
   * `8080:HOST:80`; a socket's absolute path may stand for a port, and `published` for
   * those that a container of the command publishes.
   */
  readonly forward?: readonly string[];
  /** Ports of the target that are this machine's, in the same form. */
  readonly reverse?: readonly string[];
  /** By name; a string is `local`, `vagrant` or a host as ssh accepts it. */
  readonly targets?: Readonly<Record<string, string | TargetSettings>>;
  /** The target to use without --target, or several side by side. */
  readonly target?: string | readonly string[];
}

export interface BundleConfig {
  /** Output name → source file; or source files, each of which names its output. */
  readonly entryPoints: Readonly<Record<string, string>> | readonly string[];
  /** Default: `.devtool`. devtool removes from it only what it wrote there. */
  readonly outdir?: string;
  /** Packages to ship for the target's platform instead of bundling them. Most with native parts need not be listed. */
  readonly addons?: readonly string[];
  /**
   * A save compiles the files that changed, and links them: for a large program. The output is CommonJS with each module as a
   * function, started as by require().
   */
  readonly incremental?: boolean;
  // The rest are esbuild's own options.
  readonly alias?: Readonly<Record<string, string>>;
  readonly assetNames?: string;
  readonly banner?: Readonly<Record<string, string>>;
  readonly charset?: "ascii" | "utf8";
  readonly chunkNames?: string;
  readonly conditions?: readonly string[];
  readonly define?: Readonly<Record<string, string>>;
  readonly drop?: readonly ("console" | "debugger")[];
  readonly dropLabels?: readonly string[];
  readonly entryNames?: string;
  /** Neither bundled nor shipped: the target has them. */
  readonly external?: readonly string[];
  readonly footer?: Readonly<Record<string, string>>;
  /** Default: `esm`. */
  readonly format?: "esm" | "cjs" | "iife";
  readonly ignoreAnnotations?: boolean;
  readonly inject?: readonly string[];
  readonly jsx?: "transform" | "preserve" | "automatic";
  readonly jsxDev?: boolean;
  readonly jsxFactory?: string;
  readonly jsxFragment?: string;
  readonly jsxImportSource?: string;
  readonly jsxSideEffects?: boolean;
  readonly keepNames?: boolean;
  readonly legalComments?: "none" | "inline" | "eof" | "linked" | "external";
  readonly lineLimit?: number;
  readonly loader?: Readonly<Record<string, string>>;
  readonly logOverride?: Readonly<Record<string, "verbose" | "debug" | "info" | "warning" | "error" | "silent">>;
  readonly mainFields?: readonly string[];
  readonly minify?: boolean;
  readonly minifyIdentifiers?: boolean;
  readonly minifySyntax?: boolean;
  readonly minifyWhitespace?: boolean;
  readonly nodePaths?: readonly string[];
  readonly outExtension?: Readonly<Record<string, string>>;
  readonly outbase?: string;
  /** Objects with `name` and `setup`, such as one that compiles decorators with their metadata. */
  readonly plugins?: readonly BundlePlugin[];
  readonly publicPath?: string;
  readonly pure?: readonly string[];
  readonly resolveExtensions?: readonly string[];
  /** Default: `linked`. */
  readonly sourcemap?: boolean | "linked" | "inline" | "external" | "both";
  /** Default: false. */
  readonly sourcesContent?: boolean;
  readonly splitting?: boolean;
  readonly supported?: Readonly<Record<string, boolean>>;
  /** Default: `node20.19`. */
  readonly target?: string | readonly string[];
  readonly treeShaking?: boolean;
  readonly tsconfig?: string;
  /** JSON, or the object. */
  readonly tsconfigRaw?: string | Readonly<Record<string, unknown>>;
}

/** A plugin of esbuild. */
export interface BundlePlugin {
  readonly name: string;
  readonly setup: (build: never) => unknown;
}

export interface NativeConfig {
  /** Contains the Makefile. */
  readonly folder: string;
  /** The target for make. Default: the Makefile's first. */
  readonly target?: string;
}

export type BuildConfig = BuildTool | ToolConfig | CommandConfig;

export type BuildTool = "make" | "cmake" | "cargo" | "go";

export interface ToolConfig extends StepConfig {
  readonly tool: BuildTool;
  /** make's goals and options, cmake's for the first configuration (of build/), cargo build's, go build's. */
  readonly args?: readonly string[];
}

export interface CommandConfig extends StepConfig {
  /** Started without a shell. */
  readonly command: readonly string[];
}

export interface StepConfig {
  /** Where it runs. Default: the project's own folder. */
  readonly folder?: string;
  /** Patterns in gitignore syntax for the files that it depends on. Default: all of its folder. */
  readonly inputs?: readonly string[];
  /** For messages. Default: the folder or the command. */
  readonly name?: string;
}

export interface AfterSyncConfig {
  /** Patterns in gitignore syntax. */
  readonly changed: readonly string[];
  readonly run: readonly string[];
}

export interface WatchConfig {
  /**
   * true: devtool looks for changes itself instead of being told of them; false: it never does. Default: on file systems
   * that do not tell of all changes, such as NFS, SMB, FUSE, 9P and VirtualBox's shared folders, it does both.
   */
  readonly poll?: boolean;
}

export interface RestartConfig {
  /**
   * Patterns in gitignore syntax. A change of nothing but these is synced, and built where it is an input of a step, while
   * the program of `devtool watch` runs on.
   */
  readonly ignore?: readonly string[];
}

/** Patterns in gitignore syntax. */
export interface SyncConfig {
  /**
   * What goes to the target besides the bundle and the native folder. Without any of the three: the whole project. A line
   * without a wildcard also selects what git ignores, except what another line ignores below it.
   */
  readonly include?: readonly string[];
  /** What does not, in addition to what git ignores. A `!pattern` here includes it again. */
  readonly exclude?: readonly string[];
  /** Which files are executable besides those that git records as such, where the file system does not (Windows). Default: `*.sh`. */
  readonly executable?: readonly string[];
}

/** What any entry of `targets` may have. */
export interface AnyTarget {
  /** Whether the command runs as root, which is required then; by default as `asRoot` says. */
  readonly sudo?: boolean | undefined;
  /** A folder for the mirror, absolute or below `~/`. Default: `~/.cache/devtool/mirrors`. */
  readonly mirror?: string | undefined;
  /** Absolute path of rsync, where it is not in the PATH. */
  readonly rsync?: string | undefined;
  /** Environment of all that runs there. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** What a target that is reached over SSH may have as well. */
export interface RemoteTarget extends AnyTarget {
  /** Path of node; a path may begin with `~/`. Default: the PATH's, else where version managers install it. */
  readonly node?: string | undefined;
  /** Path of the shell that is asked for the PATH. Default: the login shell. */
  readonly shell?: string | undefined;
}

/** One entry of `targets`. */
export type TargetSettings =
  | (AnyTarget & { readonly kind: "local" })
  | (RemoteTarget & {
      readonly kind: "ssh";
      readonly host: string;
      /** Instead of ~/.ssh/config. */
      readonly configFile?: string | undefined;
    })
  | (RemoteTarget & { readonly kind: "vagrant"; readonly machine?: string | undefined })
  /** An instance of lima, as `limactl list` has it. */
  | (RemoteTarget & { readonly kind: "lima"; readonly name: string })
  | (RemoteTarget & {
      readonly kind: "multipass";
      /** As `multipass list` has it. */
      readonly name: string;
      /** Path of a key that it accepts. Default: multipass's own, where it can be read, else those that ssh offers. */
      readonly identityFile?: string | undefined;
    });

/** Returns its argument, whose type lets an editor complete and check it. */
export function defineConfig(config: DevtoolConfig): DevtoolConfig {
  return config;
}
