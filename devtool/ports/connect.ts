import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Failure } from "../failure.ts";
import { errnoOf, errnoWords } from "../process/errno.ts";
import { type Endpoint, endpointText } from "./endpoint.ts";

/** Connects to a port or socket of this machine. @throws Failure */
export async function connectHere(to: Endpoint): Promise<Socket> {
  const address = to.kind === "socket" ? { path: to.path } : { host: to.host, port: to.port };
  const socket = connect({ ...address, allowHalfOpen: true, noDelay: true });
  try {
    await once(socket, "connect");
    return socket;
  } catch (error) {
    const why = errnoWords(errnoOf(error) ?? String(error));
    throw new Failure(`nothing accepts a connection to ${endpointText(to)} on this machine: ${why}`, {
      code: "port-unreachable",
      remedy: "check that the program listens there",
      cause: error,
    });
  }
}
