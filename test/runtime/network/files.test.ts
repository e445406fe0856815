import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hostsOf, loopbackHosts, peersNaming } from "../../../runtime/network/hosts-file.ts";
import type { Attachment, Lease } from "../../../runtime/network/network.ts";
import { resolvConf } from "../../../runtime/network/resolv-conf.ts";

const lease = (container: string, ...attachments: Attachment[]): Lease => ({
  container,
  hostname: `${container}-host`,
  attachments,
  ports: [],
  extraHosts: [],
});
const on = (network: string, ipv4: string, ...aliases: string[]): Attachment => ({ network, ipv4, aliases });

describe("/etc/hosts", () => {
  const web = lease("web", { ...on("a", "10.1.0.2", "www", "web"), ipv6: "fd00::2" });
  const db = lease("db", on("a", "10.1.0.3"), on("b", "10.2.0.2", "data"));
  const other = lease("other", on("b", "10.2.0.3"));
  const networks = { networks: [], leases: [web, db, other] };

  it("has the container itself, what was asked for, and every other container of its networks by name and alias", () => {
    assert.match(
      hostsOf(networks, { ...db, domainname: "example.org" }),
      /\n10\.1\.0\.3\tdb-host\.example\.org db-host db\n/,
    );
    const asked = { ...db, extraHosts: [{ address: "192.0.2.1", names: ["registry"] }] };
    assert.equal(
      hostsOf(networks, asked),
      "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n" +
        "10.1.0.3\tdb-host db\n10.2.0.2\tdb-host db data\n192.0.2.1\tregistry\n" +
        "10.1.0.2\tweb www\nfd00::2\tweb www\n10.2.0.3\tother\n",
    );
  });

  it("has a further name of another container that it alone knows it by", () => {
    const linked = { ...db, links: [{ to: "web", alias: "front" }] };
    assert.match(hostsOf(networks, linked), /10\.1\.0\.2\tweb www front\nfd00::2\tweb www front\n10\.2\.0\.3\tother\n/);
    assert.doesNotMatch(hostsOf(networks, other), /front/);
  });

  it("names nobody of a network that the container is not on", () => {
    assert.doesNotMatch(hostsOf(networks, web), /other|10\.2/);
    assert.deepEqual(
      peersNaming(networks, web).map(({ container }) => container),
      ["db"],
    );
  });

  it("names the container itself where there is no network", () => {
    assert.match(
      loopbackHosts({ hostname: "c1", domainname: "example.org" }, []),
      /127\.0\.1\.1\tc1\.example\.org c1\n$/,
    );
    assert.match(
      loopbackHosts({ hostname: "c1" }, [{ address: "192.0.2.1", names: ["x", "y"] }]),
      /127\.0\.1\.1\tc1\n192\.0\.2\.1\tx y\n$/,
    );
  });
});

describe("/etc/resolv.conf", () => {
  const none = { servers: [], search: [] };
  for (const [title, host, asked, expected] of [
    [
      "is the machine's",
      "nameserver 192.0.2.53\nsearch a b\noptions edns0\n",
      none,
      "nameserver 192.0.2.53\nsearch a b\noptions edns0\n",
    ],
    [
      "has no server of the machine's own loopback",
      "# stub\nnameserver 127.0.0.53\nnameserver ::1\nnameserver fe80::1%eth0\nnameserver 192.0.2.53 # x\n",
      none,
      "nameserver 192.0.2.53\n",
    ],
    [
      "has what was asked for instead",
      "nameserver 192.0.2.53\nsearch a\n",
      { servers: ["192.0.2.1", "fd00::1"], search: ["b"] },
      "nameserver 192.0.2.1\nnameserver fd00::1\nsearch b\n",
    ],
    [
      "has no search list for a dot",
      "nameserver 192.0.2.53\nsearch a\n",
      { servers: [], search: ["."] },
      "nameserver 192.0.2.53\n",
    ],
    [
      "has the options that were asked for in place of the machine's",
      "nameserver 192.0.2.53\noptions edns0\n",
      { servers: [], search: [], options: ["ndots:2", "rotate"] },
      "nameserver 192.0.2.53\noptions ndots:2 rotate\n",
    ],
    ["is empty where the machine has none", "", none, ""],
  ] as const)
    it(title, () => assert.equal(resolvConf(host, asked), expected));
});
