import type { NetworkFacts } from "../../plan/host-facts.ts";
import type { Preparation } from "../../plan/step.ts";
import type { OpenOther } from "../running/others.ts";

/** What was prepared for a container's network. */
export interface Attached {
  readonly facts: NetworkFacts;
  /** Containers whose namespaces it joins, if it joins any. */
  readonly others?: readonly OpenOther[];
  /**
   * Connects the process once its namespaces exist, where that could not be before; returns false if it has ended. `hold` gets
   * the pid of a program that is to end with the container.
   */
  connect?(pid: number, hold: (program: number) => void): Promise<boolean>;
  /** Closes the sockets of published ports, and what is open of others. */
  close(): void;
  /** For --explain. */
  prepared(): readonly Preparation[];
}

export const NOTHING_OPEN = { close: () => {}, prepared: () => [] };
