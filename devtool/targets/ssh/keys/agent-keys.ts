import { connect } from "node:net";
import { keyType } from "./key.ts";

/** draft-ietf-sshm-ssh-agent: u32 length, u8 type, contents. */
const REQUEST_IDENTITIES = Buffer.of(0, 0, 0, 1, 11);
const IDENTITIES_ANSWER = 12;
const HEADER_BYTES = 5;
/** As OpenSSH's limit for an agent's message. */
const ANSWER_BYTES_MAX = 256 * 1024;

/** The types of all keys in an agent, also of those that the library can't read. */
export async function agentKeyTypes(socketPath: string): Promise<string[]> {
  const socket = connect(socketPath);
  socket.write(REQUEST_IDENTITIES);
  let answer = Buffer.alloc(0);
  for await (const chunk of socket) {
    answer = Buffer.concat([answer, chunk as Buffer]);
    if (answer.length > ANSWER_BYTES_MAX) break;
    if (answer.length >= 4 && answer.length >= 4 + answer.readUInt32BE(0)) break;
  }
  return answer[4] === IDENTITIES_ANSWER ? typesIn(answer.subarray(HEADER_BYTES)) : [];
}

/** u32 count, then for each key its public part and its comment. @throws RangeError when it is cut short */
function typesIn(keys: Buffer): string[] {
  let at = 4;
  const field = () => {
    const start = at + 4;
    at = start + keys.readUInt32BE(at);
    return keys.subarray(start, at);
  };
  return Array.from({ length: keys.readUInt32BE(0) }, () => {
    const type = keyType(field());
    field();
    return type;
  });
}
