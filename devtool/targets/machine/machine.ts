import { Failure } from "../../failure.ts";
import type { SshSettings } from "../ssh/config/settings.ts";
import { connectorTo } from "../ssh/target.ts";
import { Unreachable } from "../ssh/transport/connect-failure.ts";
import type { Target } from "../target.ts";
import type { MachineKind } from "./tool.ts";

export interface MachineOptions {
  readonly kind: MachineKind;
  /** Where it is and how to log in, as its program says now. */
  readonly settings: () => Promise<SshSettings>;
  readonly sudo: boolean | undefined;
  readonly node: string | undefined;
  readonly shell: string | undefined;
  readonly notice: (text: string) => void;
}

/** A virtual machine on this one that lima or multipass keeps. */
export function machineTarget(name: string, { kind, settings, ...options }: MachineOptions): Target {
  // Nobody can know the key of a machine on this one before the first connection, which stores it.
  const trust = { ...options, acceptNewHostKey: true, sudo: options.sudo ?? true };
  const connect = connectorTo(name, settings, trust);
  return {
    name,
    kind,
    sudo: options.sudo,
    connect: async (signal) => {
      try {
        return await connect(signal);
      } catch (error) {
        signal.throwIfAborted();
        throw isDown(error) ? notUp(error, name) : error;
      }
    },
  };
}

/** Whether it can't be reached, or its program does not say how. */
export function isDown(error: unknown): error is Failure {
  return error instanceof Unreachable || (error instanceof Failure && error.code === "machine-not-running");
}

function notUp(failure: Failure, target: string): Failure {
  return new Failure(failure.message, {
    code: failure.code,
    remedy: `is the virtual machine there and up? devtool up --target ${target}`,
    exitCode: failure.exitCode,
    cause: failure,
  });
}
