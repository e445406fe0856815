import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { portsInWords } from "../../../runtime/container/listed-ports.ts";
import { publishedPorts } from "../../../runtime/network/publish.ts";

describe("published ports in words, as docker ps has them", () => {
  for (const [asked, words] of [
    [[], ""],
    [["8080:80"], "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp"],
    [["127.0.0.1:80:80"], "127.0.0.1:80->80/tcp"],
    [["8000-8010:8000-8010"], "0.0.0.0:8000-8010->8000-8010/tcp, [::]:8000-8010->8000-8010/tcp"],
    [["127.0.0.1:9000-9001:8000-8001"], "127.0.0.1:9000->8000/tcp, 127.0.0.1:9001->8001/tcp"],
    [
      ["127.0.0.1:82:82", "127.0.0.1:80-81:80-81", "127.0.0.1:84:84", "127.0.0.1:82:82/udp", "127.0.0.1:90:9"],
      "127.0.0.1:80-82->80-82/tcp, 127.0.0.1:82->82/udp, 127.0.0.1:84->84/tcp, 127.0.0.1:90->9/tcp",
    ],
  ] as const)
    it(`${asked.join(" ") || "none"}: ${words || "nothing"}`, () => {
      assert.equal(portsInWords(publishedPorts([...asked])), words);
    });

  it("name those that are not published, too", () => {
    const exposed = [
      { container: 443, protocol: "tcp" },
      { container: 81, protocol: "tcp" },
      { container: 82, protocol: "tcp" },
      { container: 53, protocol: "udp" },
    ];
    const words = "53/udp, 81-82/tcp, 443/tcp, 127.0.0.1:8080->80/tcp";
    assert.equal(portsInWords(publishedPorts(["127.0.0.1:8080:80"]), exposed), words);
  });
});
