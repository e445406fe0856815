import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ConnectionLost, Failure } from "../../../devtool/failure.ts";
import { localTarget } from "../../../devtool/targets/local/local.ts";
import { Reconnecting } from "../../../devtool/targets/reconnect.ts";
import type { Connection } from "../../../devtool/targets/target.ts";

interface Opened {
  readonly connection: Connection;
}

interface Watched {
  readonly connections: Reconnecting<Opened>;
  /** What was reported, in order. */
  readonly seen: readonly string[];
  /** Settles at the next onReopened. */
  reopened(): Promise<void>;
}

/** Connections of this machine's; before one is opened, `refuse` may throw. */
function reconnecting(t: TestContext, refuse: () => void = () => {}, mayWait = () => false): Watched {
  const seen: string[] = [];
  let wake = () => {};
  const connections = new Reconnecting<Opened>({
    open: async (signal) => {
      refuse();
      return { connection: await localTarget("local", { sudo: false }).connect(signal) };
    },
    onDisconnected: (why) => seen.push(why.message),
    onReopened: () => wake(),
    mayWait,
    onFailed: (error) => seen.push(`failed: ${error instanceof Error ? error.message : ""}`),
  });
  t.after(() => connections.close());
  const reopened = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  return { connections, seen, reopened };
}

test("a connection that ends is followed by another", async (t) => {
  const { connections, seen, reopened } = reconnecting(t);
  const first = await connections.current();
  const again = reopened();
  await first.connection.close();
  await again;
  assert.notEqual(await connections.current(), first);
  assert.deepEqual(seen, ["the connection was closed"]);
});

test("dropping a lost connection that has been replaced leaves the new one open", async (t) => {
  const { connections, seen, reopened } = reconnecting(t);
  const first = await connections.current();
  const again = reopened();
  connections.drop(first, new ConnectionLost("no answer"));
  await again;
  const second = await connections.current();
  connections.drop(first, new ConnectionLost("no answer"));
  const { exited } = await second.connection.exec(["true"]);
  assert.deepEqual(await exited, { code: 0, signal: null });
  assert.equal(await connections.current(), second);
  assert.deepEqual(seen, ["no answer"]);
});

test("each reason why a connection can't be opened again is reported once", async (t) => {
  const reasons = ["booting", "refused", "booting"];
  let isFirst = true;
  const { connections, seen, reopened } = reconnecting(t, () => {
    const reason = isFirst ? undefined : reasons.shift();
    isFirst = false;
    if (reason !== undefined) throw new Failure(reason, { code: "target-unreachable" });
  });
  const again = reopened();
  await (await connections.current()).connection.close();
  await again;
  assert.deepEqual(seen, ["the connection was closed", "booting", "refused"]);
});

test("a first connection that can't be opened is not tried again, and is reported before current() rejects", async (t) => {
  const { connections, seen } = reconnecting(t, () => {
    throw new Failure("no such host", { code: "target-unreachable" });
  });
  await assert.rejects(connections.current(), () => {
    assert.deepEqual(seen, ["failed: no such host"]);
    return true;
  });
});

test("a target that may be waited for is tried again until it can be reached, and then is not reopened", async (t) => {
  const reasons = ["booting", "refused"];
  const refuse = () => {
    const reason = reasons.shift();
    if (reason !== undefined) throw new Failure(reason, { code: "target-unreachable" });
  };
  const { connections, seen } = reconnecting(t, refuse, () => true);
  const { connection } = await connections.current();
  assert.deepEqual(await (await connection.exec(["true"])).exited, { code: 0, signal: null });
  assert.deepEqual(seen, ["booting", "refused"]);
});
