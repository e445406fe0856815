export const RESTART_POLICIES = ["no", "on-failure", "always", "unless-stopped"] as const;

/** When the command is started again after its end. */
export interface RestartPolicy {
  readonly name: (typeof RESTART_POLICIES)[number];
  /** Of on-failure; 0: any number. */
  readonly maximumRetryCount: number;
}

/** How a container lives that stays when the command line ends: what its monitor and the verbs need to know of it. */
export interface Life {
  /** Its input stays open for those who attach. */
  readonly stdinOpen: boolean;
  readonly restart: RestartPolicy;
  /** How many bytes a file of its log has at most, and how many files there are. */
  readonly log: { readonly maxSize: number; readonly maxFiles: number };
  /** What stop sends. */
  readonly stopSignal: string;
  /** Seconds until stop kills it. */
  readonly stopTimeout: number;
  readonly labels: Readonly<Record<string, string>>;
}
