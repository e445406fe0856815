import { Failure } from "../../../failure.ts";
import { type HostSpec, parseHostSpec } from "../config/host-spec.ts";
import type { SshSettings } from "../config/settings.ts";

/** Jump hosts before the target, those of jump hosts included. */
const JUMPS_MAX = 8;

/**
 * The hosts to go through, the target last. Like OpenSSH, it follows only the first jump host's own ProxyJump or
 * ProxyCommand: the others are reached through the one before them.
 */
export async function routeTo(
  spec: HostSpec,
  settingsOf: (spec: HostSpec) => Promise<SshSettings>,
  jumps = 0,
): Promise<SshSettings[]> {
  const settings = await settingsOf(spec);
  if (settings.proxyJump === undefined) return [settings];
  const [first, ...others] = settings.proxyJump.split(",").map((jump) => parseHostSpec(jump.trim()));
  if (!first) return [settings];
  if (jumps + others.length >= JUMPS_MAX) {
    throw new Failure(`at most ${JUMPS_MAX} jump hosts, and the route through ${settings.alias} has more`, {
      code: "ssh-config-invalid",
      remedy: "look for a loop of ProxyJump in the SSH configuration",
      exitCode: 2,
    });
  }
  // `Host *` with a ProxyJump also matches the jump host itself, which is then reached directly.
  const toSelf = first.host === spec.host && (first.port ?? settings.port) === settings.port;
  if (toSelf) return [settings];
  const before = await routeTo(first, settingsOf, jumps + 1 + others.length);
  const between = await Promise.all(others.map(settingsOf));
  return [...before, ...between, settings];
}
