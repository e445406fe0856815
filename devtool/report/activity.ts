import type { Event, Origin } from "./events.ts";
import { LaneActivity } from "./lane-activity.ts";

/** Outside of `watch` a stage is shown once it takes longer. */
const SHOWN_AFTER_MS = 1_000;

/** What a command is doing, from its events: the text of the status line. */
export class Activity {
  #isWatch = false;
  #round = 0;
  /** Of what is done once for all targets. */
  readonly #shared = new LaneActivity();
  readonly #lanes = new Map<string, LaneActivity>();

  /** `now`: a time of performance.now(). */
  take(event: Event, { round = null, target }: Origin, now: number): void {
    if (event.event === "changed") this.#isWatch = true;
    this.#round = Math.max(this.#round, round ?? 0);
    const everyLane = event.event === "changed" && target === undefined ? [...this.#lanes.values()] : [];
    for (const one of [...everyLane, this.#of(target)]) one.take(event, round, now);
  }

  /** Whether the text changes with time. */
  get isTimed(): boolean {
    return this.#all.some(({ since }) => since !== undefined);
  }

  /** `now`: a time of performance.now(). Empty where nothing is to be shown. */
  text(now: number): string {
    const isOnly = this.#lanes.size === 1;
    if (this.#all.some((one) => one.mayBeAsked(isOnly))) return "";
    if (!this.#isWatch && this.#all.every(({ since = now }) => now - since < SHOWN_AFTER_MS)) return "";
    const round = this.#isWatch ? [`round ${this.#round}`] : [];
    return `devtool: ${[...round, ...this.#parts(now)].filter((part) => part !== "").join(" · ")}`;
  }

  get #all(): LaneActivity[] {
    return [this.#shared, ...this.#lanes.values()];
  }

  get #running(): string {
    return this.#all.map(({ running }) => running).find((command) => command !== "") ?? "";
  }

  #of(target: string | undefined): LaneActivity {
    if (target === undefined) return this.#shared;
    const lane = this.#lanes.get(target) ?? new LaneActivity();
    this.#lanes.set(target, lane);
    return lane;
  }

  #parts(now: number): string[] {
    const shared = this.#shared.state(now).words;
    const lanes = [...this.#lanes].map(([name, lane]) => ({ name, ...lane.state(now) }));
    const names = lanes.map(({ name }) => name);
    if (shared !== "") return [shared, ...names, this.#shared.since === undefined ? this.#running : ""];
    if (lanes.length === 1) return lanes.flatMap(({ name, words, command }) => [words, name, command]);
    const command = lanes.find((lane) => lane.command !== "")?.command ?? "";
    return [...lanes.map(({ name, words }) => (words === "" ? name : `${name}: ${words}`)), command];
  }
}
