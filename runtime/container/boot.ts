import type { Found } from "../state/status.ts";

/**
 * The names of those that are to run whenever the machine does, and do not, in the order in which they were made: one may join
 * what an older one has.
 */
export function toStartAtBoot(found: readonly Found[]): string[] {
  return found
    .filter(({ record, status }) => {
      if (status.state !== "stopped") return false;
      const policy = record.life?.restart.name;
      return policy === "always" || (policy === "unless-stopped" && status.exit?.stopped !== true);
    })
    .sort((a, b) => a.record.created - b.record.created)
    .map(({ record }) => record.name);
}
