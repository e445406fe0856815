/** What a command was asked for, and reports. */
export type Result = Checked | Status | Setting | Removing | Difference;

/** `doctor` checked one thing. */
export interface Checked extends Check {
  readonly event: "check";
}

export interface Check {
  /** `here`, or the name of the target. */
  readonly where: string;
  /** What was checked. */
  readonly name: string;
  /** Whether it is as it should be. */
  readonly ok: boolean;
  /** Whether devtool can't work without it. */
  readonly needed: boolean;
  /** What was found, in words. */
  readonly found: string | null;
  /** What to do where it is not ok. */
  readonly remedy: string | null;
}

/** `status` reports one value. */
export interface Status {
  readonly event: "status";
  /** `project`, `target`, `connection`, `runs as` or `mirror`. */
  readonly name: string;
  /** What it is, in words; null where it is not known. */
  readonly value: string | null;
}

/** `config print` reports one value of the configuration. */
export interface Setting {
  readonly event: "setting";
  /** Its path, such as `bundle.outdir`. */
  readonly name: string;
  /** As it is used, with defaults filled in. */
  readonly value: unknown;
  /** The configuration's file, `--target`, or `default`. */
  readonly origin: string;
}

/** `clean` found something that devtool made, and removes it once that is confirmed, or with `--dry-run` not. */
export interface Removing {
  readonly event: "removal";
  /** What it is: `PATH` is what the login shell said of it, a `folder` is empty without the others. */
  readonly kind: "mirror" | "old mirror" | "agent" | "PATH" | "folder" | "add-ons";
  /** Its absolute path; that of the add-ons is on this machine. */
  readonly path: string;
  /** What it takes of the disk. */
  readonly bytes: number;
}

/** `sync --dry-run` found something that a sync would change on the target, or `pull --dry-run` here. */
export interface Difference {
  readonly event: "difference";
  /** What would be done. */
  readonly change: "send" | "delete" | "bring";
  /** Relative to the project; that of a folder ends in `/`. */
  readonly path: string;
}
