import { existsSync } from "node:fs";
import type { Failure } from "../../failure.ts";
import { toBytes } from "../../paths/bytes.ts";
import { watchOutside } from "../../watch/outside.ts";
import { everything } from "../../watch/pending-changes.ts";
import type { Since } from "../../watch/since.ts";
import { type ChangeSet, Watcher } from "../../watch/watch.ts";
import type { Workspace } from "./workspace.ts";

interface Listeners {
  readonly onChange: (changes: ChangeSet) => void;
  /** The folders can't be watched, or not any more. */
  readonly onError: (error: unknown) => void;
  /** A limit of this machine is reached: changes in the folders that are new since are looked for. Called once. */
  readonly onLimit: (failure: Failure) => void;
}

/** The watcher of a workspace: another one once that is replaced. */
export class Watching {
  readonly #listeners: Listeners;
  #workspace: Workspace;
  #watcher: Watcher;
  #endOutside: () => void;
  /** Whether all folders that were there at the start are watched. */
  #hasStarted = false;
  #isBeyondLimit = false;

  constructor(workspace: Workspace, listeners: Listeners) {
    this.#listeners = listeners;
    this.#workspace = workspace;
    this.#watcher = this.#create();
    this.#endOutside = this.#watchOutside();
  }

  /** Watches what a first bundle may need. What has been saved `since` then is a change. */
  start(since: Since): void {
    this.#startFor([], since).then(() => {
      this.#hasStarted = true;
    }, this.#listeners.onError);
  }

  /** `readFrom`: when the bundler began to read them; what has been saved since then is a change. */
  add(inputs: readonly string[], readFrom: number): void {
    this.#watcher.add(this.#workspace.relevance.cover(inputs.map(toBytes)), readFrom).catch(this.#listeners.onError);
  }

  /** The old watcher is closed once the new one watches: what both see is reported twice, but nothing is missed. */
  async replace(workspace: Workspace, inputs: readonly string[]): Promise<void> {
    const [old, since] = [this.#watcher, Date.now()];
    this.#workspace = workspace;
    this.#watcher = this.#create();
    this.#endOutside();
    this.#endOutside = this.#watchOutside();
    await this.#startFor(inputs, since).finally(() => old.close());
  }

  /** Settles once all that was saved before has been reported. */
  async caughtUp(): Promise<void> {
    await this.#watcher.caughtUp();
  }

  async close(): Promise<void> {
    this.#endOutside();
    await this.#watcher.close();
  }

  #create(): Watcher {
    const { project, files, relevance } = this.#workspace;
    // git has it from before it changes the first file until after the last.
    const lock = files.index && `${files.index}.lock`;
    const isGitAtWork = () => lock !== undefined && existsSync(lock);
    const { onChange, onError } = this.#listeners;
    const onLimit = (failure: Failure) => this.#limited(failure);
    const { root, watch } = project;
    return new Watcher({ root, relevance, poll: watch.poll, isGitAtWork, onChange, onError, onLimit });
  }

  /** @throws the failure at the start */
  #limited(failure: Failure): void {
    if (!this.#hasStarted) throw failure;
    if (!this.#isBeyondLimit) this.#listeners.onLimit(failure);
    this.#isBeyondLimit = true;
  }

  #watchOutside(): () => void {
    const { root, config, envFile } = this.#workspace.project;
    const files = [...config.parts, ...(envFile === undefined ? [] : [envFile])];
    return watchOutside(root, files, () => this.#listeners.onChange(everything(performance.now())));
  }

  async #startFor(inputs: readonly string[], since: Since): Promise<void> {
    const { relevance, project } = this.#workspace;
    const entries = Object.values(project.bundle?.entryPoints ?? {});
    await this.#watcher.add(
      [...relevance.cover([...entries, ...inputs].map(toBytes)), ...relevance.alwaysWatched],
      since,
    );
  }
}
