import type { Hello } from "../../../../devtool/protocol/hello.ts";

/** A hello whose texts need more than one byte for a character. */
export const HELLO_WITH_ACCENTS: Hello = {
  protocol: 5,
  socket: "/run/utilisateur/été/agent.sock",
  facts: {
    home: "/home/日本語 é 🦊",
    user: "josé",
    uid: 1000,
    platform: "linux",
    arch: "x64",
    libc: "glibc",
    node: "v22.0.0",
  },
};

/** Lines that are not valid: what is wrong with them, the line, and the message it leads to. */
export const BAD_HELLOS: readonly (readonly [what: string, line: string, message: RegExp])[] = [
  ["not JSON", "hello {nonsense", /the agent's hello is not valid JSON/],
  ["null", "hello null", /the agent's hello is not an object/],
  ["of wrong types", 'hello {"protocol":5,"socket":7,"facts":{}}', /socket is not a string/],
  ["without facts", 'hello {"protocol":5,"socket":"/s"}', /facts is not an object/],
  ["of another protocol version", 'hello {"protocol":6}', /the agent has protocol version 6, not 5/],
  ["an unknown word", "goodbye {}", /it reported "goodbye"/],
];
