/** What becomes of a layer, in this order; some are left out. */
export type LayerState =
  /** Another process fetches it. */
  | "waiting"
  | "downloading"
  /** To a registry. */
  | "uploading"
  /** All of it is here, and the rest of it is being unpacked. */
  | "unpacking"
  | "done"
  /** It was there. */
  | "present";

export interface LayerProgress {
  readonly digest: string;
  readonly state: LayerState;
  /** Of the archive as the registry has it, how much is here. */
  readonly bytes: number;
  readonly size: number;
}
