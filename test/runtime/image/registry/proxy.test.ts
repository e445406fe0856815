import assert from "node:assert/strict";
import { test } from "node:test";
import { proxyFor } from "../../../../runtime/image/registry/proxy.ts";

const proxy = (url: string, env: Record<string, string>) => proxyFor(new URL(url), env)?.href;

test("a proxy is that of the URL's scheme, in small letters first", () => {
  const env = { HTTPS_PROXY: "http://s:1", http_proxy: "p:2", HTTP_PROXY: "http://other:3" };
  assert.equal(proxy("https://r.example/", env), "http://s:1/");
  assert.equal(proxy("http://r.example/", env), "http://p:2/");
  assert.equal(proxy("https://r.example/", { HTTP_PROXY: "http://p:2" }), undefined);
});

test("a proxy of another protocol is refused, without its password", () => {
  for (const [value, says] of [
    ["socks4://me:secret@p:1080", "socks4://p:1080"],
    ["ftp://p", "ftp://p"],
    ["http://p:port", "no URL"],
  ] as const)
    assert.throws(() => proxy("https://r.example/", { HTTPS_PROXY: value }), {
      code: "usage",
      message: `can't use the proxy of https_proxy or HTTPS_PROXY: it is ${says}`,
    });
  assert.equal(proxy("https://r.example/", { HTTPS_PROXY: "socks4://p:1080", NO_PROXY: "example" }), undefined);
});

test("NO_PROXY excepts hosts, their subdomains, ports, addresses and subnets; loopback addresses are always excepted", () => {
  for (const [url, exceptions, excepted] of [
    ["https://r.example/", "example", true],
    ["https://r.example/", ".example", true],
    ["https://example/", ".example", false],
    ["https://example/", "example", true],
    ["https://notexample/", "example", false],
    ["https://r.example/", "a, r.example:443", true],
    ["https://r.example/", "r.example:80", false],
    ["https://r.example/", "*", true],
    ["https://r.example/", "*.example", true],
    ["https://10.1.2.3/", "10.0.0.0/8", true],
    ["https://11.1.2.3/", "10.0.0.0/8", false],
    ["https://[fd00::1]/", "fd00::/8", true],
    ["https://[fd00::1]/", "fd00::1", true],
    ["https://10.1.2.3/", "10.0.0.0/99", false],
    ["https://127.0.0.1:5000/", "", true],
    ["https://localhost/", "", true],
    ["https://[::1]/", "", true],
  ] as const)
    assert.equal(
      proxy(url, { HTTPS_PROXY: "http://p:1", NO_PROXY: exceptions }) === undefined,
      excepted,
      `${url} ${exceptions}`,
    );
});
