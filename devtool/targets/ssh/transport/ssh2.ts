import ssh2 from "ssh2";

// ssh2 is CommonJS without named exports, and is imported here alone.
export type {
  AnyAuthMethod,
  ConnectConfig,
  KeyboardInteractiveAuthMethod,
  ParsedKey,
} from "ssh2";
export const { BaseAgent, Client, createAgent } = ssh2;
export const parseSshKey = ssh2.utils.parseKey;
