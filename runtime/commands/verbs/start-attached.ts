import { resolve } from "node:path";
import { attachTo, attachToMonitor } from "../../container/attach/attach.ts";
import { detachKeys } from "../../container/attach/detach-keys.ts";
import { startAgain } from "../../container/start.ts";
import { handleOf } from "../../state/containers.ts";
import { stateRoot } from "../../state/root.ts";
import { warn } from "../output/warn.ts";
import { type Passing, passStreams, print } from "../run/attached-streams.ts";
import { exitCodeAfter, streamsOf } from "./attach.ts";

interface Asked {
  readonly interactive: boolean | undefined;
  readonly "detach-keys": string | undefined;
  readonly "sig-proxy": boolean | undefined;
}

/** Starts one container and stays with it from its first byte on; returns its exit code. One that runs is attached to. Throws Failure. */
export async function startAttached(asked: string, values: Asked): Promise<number> {
  const root = resolve(stateRoot());
  const container = handleOf(root, asked);
  const { name } = container;
  const keys = detachKeys(values["detach-keys"]);
  const streams = streamsOf(root, name, values.interactive === true, "start -a without -i");
  const passesSignals = values["sig-proxy"] !== false;
  const held: { passing?: Passing } = {};
  const attach = async (to: typeof attachTo) => {
    const attachment = await to(root, name, print);
    held.passing = await passStreams(attachment, { container, keys, passesSignals, ...streams });
    // It is looked at once the command runs.
    held.passing.ended.catch(() => {});
  };
  try {
    await startAgain(container, { warn, attach: () => attach(attachToMonitor).catch(() => {}) });
    // It ran already, or its monitor did not answer.
    if (!held.passing) await attach(attachTo);
    return held.passing ? await exitCodeAfter(root, name, held.passing) : 0;
  } finally {
    held.passing?.stop();
  }
}
