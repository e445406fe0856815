import type { TargetSettings } from "../config/config.ts";
import type { Connection, ExecOptions, Target } from "./target.ts";

/** The target with its settings: what runs there has its `env`, over what the command itself brings. */
export function withSettings(target: Target, settings: TargetSettings): Target {
  const { mirror, rsync, env = {} } = settings;
  const { node, shell } = settings.kind === "local" ? {} : settings;
  const connect: Target["connect"] = async (signal) => withEnvironment(await target.connect(signal), env);
  return { ...target, settings: { machine: machineOf(settings), mirror, rsync, node, shell }, connect };
}

function machineOf(settings: TargetSettings): string {
  switch (settings.kind) {
    case "local":
      return settings.kind;
    case "ssh":
      return [settings.kind, settings.host, settings.configFile ?? ""].join(" ");
    case "vagrant":
      return [settings.kind, settings.machine ?? ""].join(" ");
    default:
      return [settings.kind, settings.name].join(" ");
  }
}

function withEnvironment(connection: Connection, env: Readonly<Record<string, string>>): Connection {
  if (Object.keys(env).length === 0) return connection;
  const withEnv = <T extends ExecOptions>(options: T | undefined) => ({ ...options, env: { ...options?.env, ...env } });
  const prepare = connection.prepare?.bind(connection);
  const onTerminal = connection.execOnTerminal?.bind(connection);
  return {
    exec: (argv, options) => connection.exec(argv, withEnv(options)),
    ...(prepare ? { prepare: (argv, options) => prepare(argv, withEnv(options)) } : {}),
    ...(onTerminal ? { execOnTerminal: (argv, options) => onTerminal(argv, withEnv(options)) } : {}),
    connectTo: (endpoint) => connection.connectTo(endpoint),
    listenAt: (endpoint, onConnection) => connection.listenAt(endpoint, onConnection),
    facts: () => connection.facts(),
    closed: connection.closed,
    close: () => connection.close(),
  };
}
