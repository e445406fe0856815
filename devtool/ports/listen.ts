import { once } from "node:events";
import { access, chmod, lstat, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { Failure } from "../failure.ts";
import { errnoOf, errnoWords } from "../process/errno.ts";
import { type Endpoint, endpointText } from "./endpoint.ts";
import { userOfPort } from "./port-user.ts";

/** Listens on this machine until the result is closed. @throws Failure, exit code 2 */
export async function listenHere(at: Endpoint, onConnection: (socket: Socket) => void): Promise<readonly Server[]> {
  const servers: Server[] = [];
  try {
    for (const address of addressesOf(at)) {
      const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, onConnection);
      servers.push(server);
      await listen(server, at, address);
    }
    return servers;
  } catch (error) {
    for (const server of servers) server.close();
    throw error;
  }
}

/** `localhost` is both loopback addresses, whichever a client tries first. */
function addressesOf(at: Endpoint): (string | undefined)[] {
  if (at.kind === "socket") return [undefined];
  if (at.host === "*") return ["::"];
  return at.host === "localhost" ? ["127.0.0.1", "::1"] : [at.host];
}

async function listen(server: Server, at: Endpoint, address: string | undefined): Promise<void> {
  try {
    await listening(server, at, address);
  } catch (error) {
    const errno = errnoOf(error);
    if (address === "::1" && (errno === "EADDRNOTAVAIL" || errno === "EAFNOSUPPORT")) return;
    if (address === "::" && errno === "EAFNOSUPPORT") return await listen(server, at, "0.0.0.0");
    if (at.kind === "socket" && errno === "EADDRINUSE" && (await isStale(at.path))) {
      await rm(at.path);
      return await listen(server, at, address);
    }
    throw await refusal(at, errno ?? String(error));
  }
}

async function listening(server: Server, at: Endpoint, address: string | undefined): Promise<void> {
  server.listen(at.kind === "socket" ? { path: at.path } : { port: at.port, host: address });
  await once(server, "listening");
  if (at.kind === "socket" && process.platform !== "win32") await chmod(at.path, 0o600);
}

/** Whether it is a socket whose process was killed, and left it. */
async function isStale(path: string): Promise<boolean> {
  if (!(await lstat(path)).isSocket()) return false;
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return false;
  } catch (error) {
    return errnoOf(error) === "ECONNREFUSED";
  } finally {
    socket.destroy();
  }
}

async function refusal(at: Endpoint, errno: string): Promise<Failure> {
  const where = endpointText(at);
  if (errno === "EADDRINUSE" && at.kind === "socket") {
    return new Failure(`can't listen on ${where}: something is there already`, {
      code: "port-in-use",
      remedy: "forward another path, or remove it where nothing uses it",
      exitCode: 2,
    });
  }
  if (errno === "EADDRINUSE") {
    const user = at.kind === "tcp" ? await userOfPort(at.port) : undefined;
    return new Failure(`can't listen on ${where}: ${user ?? "another process"} uses it`, {
      code: "port-in-use",
      remedy: "end it, or forward another port here: OTHER:PORT",
      exitCode: 2,
    });
  }
  if (at.kind === "socket") return await socketRefusal(at.path, errno);
  return new Failure(`can't listen on ${where}: ${errnoWords(errno)}`, {
    code: "port-refused",
    ...remedyOf(errno),
    exitCode: 2,
  });
}

function remedyOf(errno: string): { remedy?: string } {
  if (errno === "EACCES") return { remedy: "ports below 1024 need privileges: forward a higher one, HIGHER:PORT" };
  if (NO_ADDRESS.includes(errno))
    return { remedy: "write an address of this machine, or none for localhost: PORT:PORT" };
  return {};
}

const NO_ADDRESS: readonly string[] = ["EADDRNOTAVAIL", "ENOTFOUND", "EAI_AGAIN"];

/** libuv has EACCES also where the socket's folder is missing. */
async function socketRefusal(path: string, errno: string): Promise<Failure> {
  const folder = dirname(path);
  const why = await access(folder).then(
    () => errno,
    (error: unknown) => errnoOf(error) ?? errno,
  );
  return new Failure(`can't listen on ${path}: ${errnoWords(why)}`, {
    code: "port-refused",
    remedy:
      why === "ENOENT" ? `make its folder: mkdir -p ${folder}` : "forward a socket in a folder that you may write to",
    exitCode: 2,
  });
}
