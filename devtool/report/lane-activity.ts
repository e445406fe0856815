import { count, duration, size } from "./amounts.ts";
import type { Event, Stage } from "./events.ts";
import { printableName } from "./printable.ts";

export interface State {
  readonly words: string;
  /** The program that runs. */
  readonly command: string;
}

interface OpenStage {
  readonly name: TimedStage;
  readonly since: number;
  readonly progress: string;
}

type TimedStage = Exclude<Stage, "connect">;

const NOTHING: State = { words: "", command: "" };
const WAITING = ", waiting for a save";

/** What is being done for one target, or for all of them, from the events. */
export class LaneActivity {
  #round = 0;
  #stage: OpenStage | undefined;
  /** What came of the last stage. */
  #state = NOTHING;
  /** Of the program that was started last. */
  #program = NOTHING;
  #isConnecting = false;
  #wasConnected = false;

  /** `now`: a time of performance.now(). */
  take(event: Event, round: number | null, now: number): void {
    if (isOfProgram(event)) this.#program = afterProgram(event, this.#program);
    if (isEndOf(event)) this.#program = NOTHING;
    if (round !== null && round < this.#round) return;
    this.#round = round ?? this.#round;
    switch (event.event) {
      case "stage":
        if (event.stage === "connect") this.#isConnecting = true;
        else this.#stage = { name: event.stage, since: now, progress: "" };
        break;
      case "progress":
        if (this.#stage?.name === event.stage) this.#stage = { ...this.#stage, progress: progressWords(event) };
        break;
      case "changed":
      case "bundled":
      case "synced":
      case "compiled":
      case "pulled":
        this.#enter(NOTHING);
        break;
      case "connected":
        this.#isConnecting = false;
        this.#wasConnected = true;
        break;
      case "disconnected":
      case "failed":
        this.#isConnecting = false;
        this.#enter({
          words: event.event === "failed" ? `failed${WAITING}` : "not connected, trying again",
          command: this.running,
        });
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

  /** The program that runs, also while a newer round is at work, or has failed. */
  get running(): string {
    return this.#program.command;
  }

  /** A stage that is going on, since when it does: its text changes with time. */
  get since(): number | undefined {
    return this.#stage?.since;
  }

  /** A passphrase may be asked for, where the line would be. `isOnly`: of the only target also when it is connected to again. */
  mayBeAsked(isOnly: boolean): boolean {
    return this.#isConnecting && (isOnly || !this.#wasConnected);
  }

  /** `now`: a time of performance.now(). */
  state(now: number): State {
    if (!this.#stage) return this.#state;
    const { name, since, progress } = this.#stage;
    const words = `${DOING[name]} ${duration(now - since)}`;
    return { words: progress === "" ? words : `${words}, ${progress}`, command: "" };
  }

  #enter(state: State): void {
    this.#stage = undefined;
    this.#state = state;
  }
}

type OfProgram = Extract<Event, { event: "started" | "responded" | "exited" }>;

function isOfProgram(event: Event): event is OfProgram {
  return event.event === "started" || event.event === "responded" || event.event === "exited";
}

/** Of the program of an older round, without a word of how it ended. */
function isEndOf(event: Event): boolean {
  return event.event === "disconnected" || (event.event === "stage" && event.stage === "end");
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

function progressWords(event: Extract<Event, { event: "progress" }>): string {
  if ("percent" in event) return `${Math.round(event.percent)} % ${printableName(event.text)}`;
  const { files, filesTotal, bytes, bytesTotal } = event;
  return `${files} of ${count(filesTotal, "file")}, ${size(bytes)} of ${size(bytesTotal)}`;
}

const DOING: Readonly<Record<TimedStage, string>> = {
  bundle: "bundling",
  addons: "getting native packages for the target",
  sync: "sending",
  compile: "compiling",
  end: "ending the program",
  launch: "starting",
  provision: "installing what is missing",
  pull: "bringing files back",
};
