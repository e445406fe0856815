import { count, duration, size } from "./amounts.ts";
import type { Event, Origin, Stage } from "./events.ts";
import { printableName } from "./printable.ts";

/** Outside of `watch` a stage is shown once it takes longer. */
const SHOWN_AFTER_MS = 1_000;

/** What a command is doing, from its events: the text of the status line. */
export class Activity {
  #isWatch = false;
  #round: number | null = null;
  #target = "";
  #stage: OpenStage | undefined;
  /** Targets that are being connected to: a passphrase may be asked for, where the line would be. */
  readonly #connecting = new Set<string>();
  #state = NOTHING;
  /** Of the program that was started last. */
  #program = NOTHING;

  /** `now`: a time of performance.now(). */
  take(event: Event, { round = null, target = "" }: Origin, now: number): void {
    const isOlder = round !== null && round < (this.#round ?? 0);
    if (!isOlder && round !== null) this.#round = round;
    if (target !== "") this.#target = target;
    if (isOfProgram(event)) this.#program = afterProgram(event, this.#program);
    if (isOlder) return;
    switch (event.event) {
      case "changed":
        this.#isWatch = true;
        this.#enter(NOTHING);
        break;
      case "stage":
        if (event.stage === "connect") this.#connecting.add(target);
        else this.#stage = { name: event.stage, since: now, progress: "" };
        break;
      case "progress":
        if (this.#stage?.name === event.stage) this.#stage = { ...this.#stage, progress: progressWords(event) };
        break;
      case "bundled":
      case "synced":
      case "compiled":
      case "pulled":
        this.#enter(NOTHING);
        break;
      case "connected":
        this.#connecting.delete(target);
        break;
      case "disconnected":
        this.#connecting.delete(target);
        this.#enter({ words: "not connected, trying again", command: "" });
        break;
      case "failed":
        this.#connecting.delete(target);
        this.#enter({ words: `failed${WAITING}`, command: "" });
        break;
      case "started":
      case "responded":
      case "exited":
      case "finished":
        this.#enter(this.#program);
        break;
      default:
    }
  }

  /** Whether the text changes with time. */
  get isTimed(): boolean {
    return this.#stage !== undefined;
  }

  /** `now`: a time of performance.now(). Empty where nothing is to be shown. */
  text(now: number): string {
    if (this.#connecting.size > 0) return "";
    const took = this.#stage ? now - this.#stage.since : 0;
    if (!this.#isWatch && took < SHOWN_AFTER_MS) return "";
    const round = this.#isWatch ? `round ${this.#round}` : "";
    const { words, command } = this.#stage
      ? { words: `${DOING[this.#stage.name]} ${duration(took)}`, command: "" }
      : this.#state;
    const parts = [round, words, this.#stage?.progress ?? "", this.#target, command];
    return `devtool: ${parts.filter((part) => part !== "").join(" · ")}`;
  }

  #enter(state: State): void {
    this.#stage = undefined;
    this.#state = state;
  }
}

interface OpenStage {
  readonly name: TimedStage;
  readonly since: number;
  readonly progress: string;
}

function progressWords(event: Extract<Event, { event: "progress" }>): string {
  if ("percent" in event) return `${Math.round(event.percent)} % ${printableName(event.text)}`;
  const { files, filesTotal, bytes, bytesTotal } = event;
  return `${files} of ${count(filesTotal, "file")}, ${size(bytes)} of ${size(bytesTotal)}`;
}

interface State {
  readonly words: string;
  /** The program that runs. */
  readonly command: string;
}

const NOTHING: State = { words: "", command: "" };
const WAITING = ", waiting for a save";

type OfProgram = Extract<Event, { event: "started" | "responded" | "exited" }>;

function isOfProgram(event: Event): event is OfProgram {
  return event.event === "started" || event.event === "responded" || event.event === "exited";
}

function afterProgram(event: OfProgram, { command }: State): State {
  switch (event.event) {
    case "started": {
      const words = `started after ${duration(event.milliseconds)}`;
      return { words, command: event.argv.map(printableName).join(" ") };
    }
    case "responded":
      return { words: `first output after ${duration(event.milliseconds)}`, command };
    case "exited": {
      const how = event.signal === null ? `exit code ${event.code}` : `ended by ${event.signal}`;
      return { words: `${how}${WAITING}`, command: "" };
    }
    default:
      return event satisfies never;
  }
}

type TimedStage = Exclude<Stage, "connect">;

const DOING: Readonly<Record<TimedStage, string>> = {
  bundle: "bundling",
  addons: "getting native packages for the target",
  sync: "sending",
  compile: "compiling",
  launch: "starting",
  provision: "installing what is missing",
  pull: "bringing files back",
};
