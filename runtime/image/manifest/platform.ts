import { rankHere, thisArchitecture } from "../../host/architecture.ts";
import { CONFIG_TYPES, type Descriptor } from "./kinds.ts";

/** Which of the images in an index is for this machine: one, or none and the reason. */
export type Choice =
  | { readonly image: Descriptor }
  /** For these platforms only. */
  | { readonly platforms: readonly string[] }
  /** All of these would do. */
  | { readonly several: readonly Descriptor[] };

export function chooseImage(manifests: readonly Descriptor[]): Choice {
  const images = manifests.filter(isImage);
  const fitting = images.filter(fitsHere);
  const rank = Math.min(...fitting.map(rankOf));
  const best = fitting.filter((one) => rankOf(one) === rank);
  const [image] = images.length === 1 ? images : best;
  if (image && (best.length <= 1 || images.length === 1)) return { image };
  if (images.length > 0 && fitting.length === 0) return { platforms: images.map(platformOf) };
  return { several: best };
}

/** Beside images there may be what is known of them: attestations, signatures and other artifacts. */
export function isImage({ annotations, artifactType }: Descriptor): boolean {
  const isArtifact = artifactType !== undefined && !CONFIG_TYPES.has(artifactType);
  return annotations?.["vnd.docker.reference.type"] === undefined && !isArtifact;
}

/** linux/arm/v7 */
export function platformOf({ platform }: Descriptor): string {
  return [platform?.os, platform?.architecture, platform?.variant].filter(Boolean).join("/");
}

export function thisPlatform(): string {
  return `linux/${thisArchitecture()}`;
}

/** As containerd reads it, whatever the case. */
export function isLinux(os: string): boolean {
  return os.toLowerCase() === "linux";
}

/** Also where it says nothing about machines. */
export function fitsHere(descriptor: Descriptor): boolean {
  const { platform } = descriptor;
  return platform === undefined || (isLinux(platform.os) && rankOf(descriptor) < Number.POSITIVE_INFINITY);
}

function rankOf({ platform }: Descriptor): number {
  return platform ? rankHere(platform.architecture, platform.variant) : 0;
}
