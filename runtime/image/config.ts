import { isListOf, isRecordOf, isText, type Shape } from "../shape.ts";
import type { Healthcheck } from "../spec/health.ts";

/** What an image says about its containers, by the names of `config` in the OCI image-spec's config.md; nothing is empty. */
export interface ImageConfig {
  readonly User?: string;
  /** KEY=VALUE each. */
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  /** Absolute. */
  readonly WorkingDir?: string;
  /** PORT[/PROTOCOL] each. */
  readonly ExposedPorts?: readonly string[];
  /** Absolute paths. */
  readonly Volumes?: readonly string[];
  readonly StopSignal?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly Healthcheck?: Healthcheck;
}

const isTexts = isListOf(isText);

export const isImageConfig: Shape<ImageConfig> = isRecordOf(
  {},
  { User: isText, Env: isTexts, Entrypoint: isTexts, Cmd: isTexts, WorkingDir: isText },
);
