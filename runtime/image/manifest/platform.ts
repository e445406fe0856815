import { thisArchitecture } from "../../host/architecture.ts";
import type { Descriptor } from "./kinds.ts";

/** Which of the images in an index is for this machine: one, or none and the reason. */
export type Choice =
  | { readonly image: Descriptor }
  /** For these platforms only. */
  | { readonly platforms: readonly string[] }
  /** All of these would do. */
  | { readonly several: readonly Descriptor[] };

export function chooseImage(manifests: readonly Descriptor[]): Choice {
  const images = manifests.filter(({ annotations }) => annotations?.["vnd.docker.reference.type"] === undefined);
  const fitting = images.filter(fitsHere);
  const [image] = images.length === 1 ? images : fitting;
  if (image && (fitting.length <= 1 || images.length === 1)) return { image };
  if (images.length > 0 && fitting.length === 0) return { platforms: images.map(platformOf) };
  return { several: fitting };
}

/** linux/arm/v7 */
export function platformOf({ platform }: Descriptor): string {
  return [platform?.os, platform?.architecture, platform?.variant].filter(Boolean).join("/");
}

export function thisPlatform(): string {
  return `linux/${thisArchitecture()}`;
}

/** Also where it says nothing about machines. */
export function fitsHere({ platform }: Descriptor): boolean {
  return platform === undefined || (platform.os === "linux" && platform.architecture === thisArchitecture());
}
