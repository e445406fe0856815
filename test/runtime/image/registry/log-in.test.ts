import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { checkCredentials } from "../../../../runtime/image/registry/log-in.ts";
import { temporaryDirectory } from "../../../rig/host.ts";
import { trust } from "../../../rig/registry.ts";

const LOGIN = { user: "me", password: "right" };
const BASIC = `Basic ${Buffer.from("me:right").toString("base64")}`;

async function listening(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function check(t: TestContext, host: string, password: string): Promise<void> {
  const directory = await temporaryDirectory({ after: (cleanup) => t.after(cleanup) });
  const env = { HOME: directory, XDG_CONFIG_HOME: join(directory, "config") };
  await trust(env.XDG_CONFIG_HOME, host, undefined);
  await checkCredentials(host, { ...LOGIN, password }, { env, signal: new AbortController().signal });
}

test("a registry with a server of tokens is asked for one without a scope, as Docker Hub is, and then again with it", async (t) => {
  const asked: string[] = [];
  const host = await listening(t, ({ url = "", headers }, response) => {
    asked.push(`${url} ${headers.authorization?.split(" ")[0]}`);
    if (url.startsWith("/token")) {
      if (headers.authorization !== BASIC)
        return void response.writeHead(401).end('{"details":"incorrect username or password"}');
      return void response.end('{"token":"abc"}');
    }
    if (headers.authorization === "Bearer abc") return void response.end("{}");
    response.setHeader("www-authenticate", `Bearer realm="http://${headers.host}/token",service="hub"`);
    response.writeHead(401).end();
  });
  await check(t, host, "right");
  assert.deepEqual(asked, ["/v2/ undefined", "/token?service=hub Basic", "/v2/ Bearer"]);
  await assert.rejects(check(t, host, "wrong"), {
    code: "registry-denied",
    message: `can't log in to ${host}: ${host} answers 401: incorrect username or password`,
    remedy: "check the user name and the password",
  });
});

test("credentials are not sent where a registry redirects to", async (t) => {
  const seen: (string | undefined)[] = [];
  const elsewhere = await listening(t, ({ headers }, response) => {
    seen.push(headers.authorization);
    response.setHeader("www-authenticate", "Basic realm=x");
    response.writeHead(401).end();
  });
  const host = await listening(t, (_, response) => {
    response.setHeader("location", `http://${elsewhere}/v2/`);
    response.writeHead(307).end();
  });
  await assert.rejects(check(t, host, "right"), { code: "registry-denied" });
  assert.deepEqual(seen, [undefined]);
});

test("a registry that asks for no credentials takes any, and what is no registry is said", async (t) => {
  await check(t, await listening(t, (_, response) => void response.end("{}")), "any");
  const page = await listening(t, (_, response) => void response.writeHead(404).end("<html>"));
  await assert.rejects(check(t, page, "any"), /answers 404: a web page, not a registry's answer/);
});
