import type { LogInSettings, SshSettings } from "../config/settings.ts";
import type { Identity } from "../keys/key.ts";
import type { Ask } from "../log-in/ask.ts";
import type { Carriage } from "./transport.ts";

/** What it takes to connect to a host and to log in. */
export interface SshDial
  extends Pick<SshSettings, "port" | "user" | "family" | "bindAddress" | "environment" | "connectTimeoutMs"> {
  /** `host:port`, for messages about how it is reached. */
  readonly where: string;
  /** For messages about a connection that was open: the target's name, or a jump host's `host:port`. */
  readonly name: string;
  readonly host: string;
  /** Instead of a TCP connection to host:port. */
  readonly through?: Carriage & { readonly kind: "jump host" | "proxy command" };
  readonly serverAlive: SshSettings["serverAlive"];
  /** The socket or pipe of the agent that sessions on the host may use. */
  readonly forwardAgent: string | undefined;
  /**
   * Key types in known_hosts for this host. They are asked for first: with another type a known host would look
   * changed.
   */
  readonly hostKeyTypes: readonly string[];
  /** Rejects with a Failure when the key is not to be trusted. */
  verifyHostKey(key: Buffer): Promise<void>;
  readonly identities: readonly Identity[];
  /** Files with a public key whose private key is nowhere. */
  readonly withoutPrivateKey: readonly string[];
  /** Files that the configuration names for a key, and that are not there. */
  readonly missingKeys: readonly string[];
  /** Where an agent was to be asked for keys, and none answers. */
  readonly silentAgent: string | undefined;
  readonly logIn: LogInSettings;
  /** OpenSSH's own ssh may connect instead, where the library can't: BeyondLibrary. */
  readonly mayHandOver: boolean;
  readonly ask: Ask;
  readonly notice: (text: string) => void;
}
