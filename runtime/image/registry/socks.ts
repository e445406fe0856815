import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type Destination, portOf } from "./proxy.ts";

/** RFC 1928 and, for the password, RFC 1929. */
const VERSION = 5;
const [NO_LOGIN, PASSWORD] = [0, 2];
const PASSWORD_VERSION = 1;
const CONNECT = 1;
const [IPV4, NAME, IPV6] = [1, 3, 4];
const REFUSALS = [
  "",
  "it fails",
  "it is not allowed",
  "the network can't be reached",
  "the host can't be reached",
  "the connection is refused",
];

/** A connection through a SOCKS 5 proxy, which looks up the name itself. */
export async function throughSocks(proxy: URL, to: Destination, silence: number): Promise<Socket> {
  const socket = connect(portOf(proxy), proxy.hostname.replace(/^\[|\]$/g, ""));
  const fail = (why: string) => socket.destroy(new Error(`the proxy ${proxy.host} ${why}`));
  const ended = () => fail("closes the connection");
  socket.setTimeout(silence, () => fail("does not answer"));
  // Where nobody waits for it.
  socket.on("end", ended).on("error", () => {});
  try {
    await once(socket, "connect");
    await logIn(socket, proxy);
    await ask(socket, proxy, to);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  socket.setTimeout(0).off("end", ended);
  return socket;
}

async function logIn(socket: Socket, { host, username, password }: URL): Promise<void> {
  const methods = username === "" ? [NO_LOGIN] : [NO_LOGIN, PASSWORD];
  socket.write(Buffer.from([VERSION, methods.length, ...methods]));
  const [version, method] = await take(socket, 2);
  if (version !== VERSION) throw new Error(`the proxy ${host} does not speak SOCKS 5`);
  if (method === NO_LOGIN) return;
  if (method !== PASSWORD || username === "") throw new Error(`the proxy ${host} asks for a login`);
  const login = [username, password].map(decodeURIComponent).map(counted);
  socket.write(Buffer.concat([Buffer.from([PASSWORD_VERSION]), ...login]));
  const [, refused] = await take(socket, 2);
  if (refused) throw new Error(`the proxy ${host} refuses the password`);
}

async function ask(socket: Socket, { host }: URL, { hostname, port }: Destination): Promise<void> {
  const name = counted(hostname.replace(/^\[|\]$/g, ""));
  socket.write(Buffer.concat([Buffer.from([VERSION, CONNECT, 0, NAME]), name, Buffer.from([port >> 8, port & 0xff])]));
  const [, refused = 0, , kind] = await take(socket, 4);
  if (refused) throw new Error(`the proxy ${host} refuses to connect: ${REFUSALS[refused] ?? `error ${refused}`}`);
  // Where it connects from: an address and a port, of no use here.
  const length = kind === IPV4 ? 4 : kind === IPV6 ? 16 : ((await take(socket, 1))[0] ?? 0);
  await take(socket, length + 2);
}

/** Its length comes first. */
function counted(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** So many bytes, no more. Rejects if the connection is closed before. */
async function take(socket: Socket, length: number): Promise<Buffer> {
  let taken = Buffer.alloc(0);
  while (taken.length < length) {
    const piece: Buffer | null = socket.read(Math.min(length - taken.length, socket.readableLength));
    if (piece) taken = Buffer.concat([taken, piece]);
    else if (socket.errored) throw socket.errored;
    else await once(socket, "readable");
  }
  return taken;
}
