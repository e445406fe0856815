import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { openConnections } from "../../../../runtime/image/registry/connection.ts";
import { tunnel } from "../../../../runtime/image/registry/tunnel.ts";
import { temporaryDirectory } from "../../../rig/host.ts";
import { makeCertificate } from "../../../rig/registry.ts";

const scoped = (t: TestContext) => ({ after: (cleanup: () => Promise<void>) => t.after(cleanup) });

async function listening(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket.on("error", () => {})));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const joined = (one: Socket, port: number, ready: () => void) => {
  const other = connect(port, "127.0.0.1", ready);
  one.pipe(other.on("error", () => one.destroy())).pipe(one);
};

/** A SOCKS 5 proxy that knows one user, and leads all connections to a port of this machine. */
function socksProxy(to: number, seen: string[], reply = 0): Server {
  return createServer(async (socket) => {
    const next = async () => ((await once(socket, "data")) as [Buffer])[0];
    const [, , ...methods] = await next();
    const isKnown = methods.includes(2);
    socket.write(Buffer.from([5, isKnown ? 2 : 0xff]));
    if (!isKnown) return;
    seen.push((await next()).subarray(1).toString("latin1"));
    socket.write(Buffer.from([1, 0]));
    const asked = await next();
    seen.push(`${asked.subarray(5, -2)}:${asked.readUInt16BE(asked.length - 2)}`);
    const answer = Buffer.from([5, reply, 0, 3, 1, 65, 0, 0]);
    // In two parts, as a network may bring it.
    socket.write(answer.subarray(0, 3));
    if (reply === 0) joined(socket, to, () => socket.write(answer.subarray(3)));
    else socket.end(answer.subarray(3));
  });
}

/** What a registry answers to a request for its root through the proxy. */
async function asked(url: string, env: NodeJS.ProcessEnv): Promise<string> {
  const connections = openConnections(env, () => true);
  try {
    const request = await connections.open(new URL(url), { method: "GET", headers: {} });
    request.end();
    const [response] = (await once(request, "response")) as [IncomingMessage];
    return Buffer.concat(await response.toArray()).toString();
  } finally {
    connections.close();
  }
}

it("a SOCKS proxy gets the name of a registry, encrypted or not, and the password", async (t) => {
  const directory = await temporaryDirectory(scoped(t));
  makeCertificate(directory);
  const [cert, key] = ["server.crt", "server.key"].map((name) => readFileSync(join(directory, name)));
  const plain = await listening(
    t,
    createHttpServer((_, response) => response.end("plain")),
  );
  const secure = await listening(
    t,
    createHttpsServer({ cert, key }, (_, response) => response.end("secure")),
  );
  for (const [scheme, port] of [
    ["http", plain],
    ["https", secure],
  ] as const) {
    const seen: string[] = [];
    const proxy = await listening(t, socksProxy(port, seen));
    const env = { [`${scheme}_proxy`]: `socks5h://m%65:p%40ss@127.0.0.1:${proxy}` };
    assert.equal(await asked(`${scheme}://r.test:5000/`, env), scheme === "http" ? "plain" : "secure");
    assert.deepEqual(seen, ["\u0002me\u0004p@ss", "r.test:5000"]);
  }
});

it("a SOCKS proxy that refuses, closes or speaks another protocol is named with what it says", async (t) => {
  const open = async (server: Server, login = "me:secret@") => {
    const proxy = new URL(`socks5://${login}127.0.0.1:${await listening(t, server)}`);
    const opening = tunnel(proxy, { hostname: "r.test", port: 443 }, {});
    const why = await opening.then(
      () => "",
      (error: Error) => error.message,
    );
    return why.replace(`the proxy ${proxy.host} `, "");
  };
  assert.equal(await open(socksProxy(0, [], 5)), "refuses to connect: the connection is refused");
  assert.equal(await open(socksProxy(0, [], 9)), "refuses to connect: error 9");
  assert.equal(await open(socksProxy(0, []), ""), "asks for a login");
  assert.equal(await open(createServer((socket) => socket.end())), "closes the connection");
  const http = createHttpServer().on("clientError", (_, socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  assert.equal(await open(http), "does not speak SOCKS 5");
});

it("a proxy that is reached by TLS leads to registries, encrypted or not, and its certificate counts", async (t) => {
  const directory = await temporaryDirectory(scoped(t));
  makeCertificate(directory);
  const [cert, key] = ["server.crt", "server.key"].map((name) => readFileSync(join(directory, name)));
  const plain = await listening(
    t,
    createHttpServer((_, response) => response.end("plain")),
  );
  const secure = await listening(
    t,
    createHttpsServer({ cert, key }, (_, response) => response.end("secure")),
  );
  for (const [scheme, port] of [
    ["http", plain],
    ["https", secure],
  ] as const) {
    const proxy = createHttpsServer({ cert, key }).on("connect", (request, socket: Socket) => {
      assert.equal(request.url, "r.test:5000");
      joined(socket, port, () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
    });
    const env = { [`${scheme}_proxy`]: `https://127.0.0.1:${await listening(t, proxy)}` };
    await assert.rejects(asked(`${scheme}://r.test:5000/`, env), { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
    const trusting = { ...env, SSL_CERT_FILE: join(directory, "ca.crt") };
    assert.equal(await asked(`${scheme}://r.test:5000/`, trusting), scheme === "http" ? "plain" : "secure");
  }
});
