import ssh2 from "ssh2";

// The one way in for the library, which is CommonJS and has no names to import.
export type { ClientChannel, ConnectConfig, NextAuthHandler, ParsedKey } from "ssh2";
export const { BaseAgent, Client, createAgent } = ssh2;
export const parseSshKey = ssh2.utils.parseKey;
