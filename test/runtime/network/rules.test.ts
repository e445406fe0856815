import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Network, Networks } from "../../../runtime/network/network.ts";
import { CHAINS, noRuleset, portChanges, ruleset } from "../../../runtime/network/rules.ts";
import { golden } from "../../rig/golden.ts";
import { needs, temporaryDirectory } from "../../rig/host.ts";

const network = (name: string, n: number, more: Partial<Network> = {}): Network => ({
  name,
  bridge: `td-${n}`,
  subnet: `10.${n}.0.0/16`,
  gateway: `10.${n}.0.1`,
  internal: false,
  mtu: 1500,
  created: 0,
  ...more,
});

const NETWORKS: Networks = {
  networks: [
    network("bridge", 1),
    network("six", 2, { ipv6: { subnet: "fd00::/64", gateway: "fd00::1" } }),
    network("closed", 3, { internal: true }),
  ],
  leases: [
    {
      container: "web",
      hostname: "web",
      attachments: [
        { network: "closed", ipv4: "10.3.0.2", aliases: [] },
        { network: "bridge", ipv4: "10.1.0.2", aliases: [] },
      ],
      ports: [
        { protocol: "tcp", host: 8080, container: 80 },
        { protocol: "udp", address: "192.0.2.7", host: 53, container: 53 },
        { protocol: "tcp", address: "::1", host: 8081, container: 80 },
      ],
      extraHosts: [],
    },
  ],
};

describe("the rules of the networks", () => {
  it("are one table, in which a published port leads to the first network with a way out", () =>
    golden(join(import.meta.dirname, "golden/rules.nft"), ruleset("tinydocker-1", NETWORKS)));

  it("change by their ports alone where nothing else differs, to what a new declaration would be", async (t) => {
    if (!needs(t, process.geteuid?.() === 0 ? undefined : "root")) return;
    const [lease] = NETWORKS.leases;
    assert.ok(lease);
    const other = {
      ...NETWORKS,
      leases: [
        {
          ...lease,
          ports: [
            { protocol: "tcp", host: 8080, container: 81 },
            { protocol: "udp", address: "192.0.2.8", host: 5353, container: 53 },
          ] as const,
        },
      ],
    };
    assert.equal(portChanges(NETWORKS, { ...other, networks: [] }), undefined);
    const directory = await temporaryDirectory({ after: (cleanup) => t.after(cleanup) });
    const [first = "", second = ""] = [NETWORKS, other].map((networks, i) => {
      writeFileSync(join(directory, String(i)), ruleset("tinydocker-1", networks));
      return join(directory, String(i));
    });
    const inside = (...argv: string[]) => execFileSync("unshare", ["--net", ...argv], { encoding: "utf8" });
    const program = ["--import", "tsx", join(import.meta.dirname, "change-elements.ts")];
    const data = [NETWORKS, other].map((networks) => JSON.stringify(networks));
    const changed = inside(process.execPath, ...program, "tinydocker-1", first, ...data);
    // Not for a generation that is not the ruleset's.
    assert.equal(changed, `false,true\n${inside("sh", "-ec", `nft -f ${second}; nft list ruleset`)}`);
  });

  it("are understood by nft, can be declared again, and removed", async (t) => {
    if (!needs(t, process.geteuid?.() === 0 ? undefined : "root")) return;
    const directory = await temporaryDirectory({ after: (cleanup) => t.after(cleanup) });
    const [rules, none] = [join(directory, "rules"), join(directory, "none")];
    writeFileSync(rules, ruleset("tinydocker-1", NETWORKS));
    writeFileSync(none, noRuleset("tinydocker-1"));
    const script = `nft -f ${rules}; nft -f ${rules}; nft list ruleset; echo ---; nft -f ${none}; nft list ruleset`;
    const listed = execFileSync("unshare", ["--net", "sh", "-ec", script], { encoding: "utf8" });
    const [declared = "", removed] = listed.split("---\n");
    assert.deepEqual(
      [...declared.matchAll(/chain (\S+) \{/g)].map(([, name]) => name),
      [...CHAINS],
    );
    assert.equal(declared.match(/^\ttable|^table/gm)?.length, 1);
    assert.equal(removed, "");
  });
});
