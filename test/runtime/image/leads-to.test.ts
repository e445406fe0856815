import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, describe, it } from "node:test";
import { leadsTo } from "../../../runtime/image/leads-to.ts";
import { temporaryDirectory } from "../../rig/host.ts";

const directory = await temporaryDirectory({ after });
const script = `
  mkdir -p low/run low/etc low/opt/app top/etc top/var
  ln -s /run low/var; ln -s ../run top/var/run; ln -s /etc/../run/./lock top/var/lock
  ln -s loop low/loop; ln -s b low/a; ln -s a low/b; ln -s ../../../../run top/up
  ln -s /etc low/hidden; touch top/hidden; ln -s app low/opt/current`;
execFileSync("sh", ["-ec", script], { cwd: directory });
const layers = [`${directory}/top`, `${directory}/low`];

describe("a path in an image", () => {
  for (const [path, expected] of [
    ["/", "/"],
    ["/run/x", "/run/x"],
    ["/var/run/x", "/run/x"],
    ["/var/lock/x", "/run/lock/x"],
    ["/up/x", "/run/x"],
    ["/opt/current/new/x", "/opt/app/new/x"],
    ["/nosuch/../x", "/x"],
    ["/loop/x", "/loop/x"],
    ["/a", "/a"],
    ["/hidden/x", "/hidden/x"],
  ] as const)
    it(`${path} leads to ${expected}`, () => assert.equal(leadsTo(layers, path), expected));

  it("leads through the links of the only layer, and never out of it", () => {
    assert.equal(leadsTo([`${directory}/low`], "/var/x"), "/run/x");
    assert.equal(leadsTo([`${directory}/low`], "/hidden/passwd"), "/etc/passwd");
  });
});
