// What package B needs from its host. Every implementation has this type.

export interface Host {
  /** A number that makes fingerprints of one host differ from those of others. */
  salt: () => number;
  /** Called now and then, with the count so far. */
  progress: (mixed: number) => void;
}

/** Texts as numbers of 32 bits (FNV-1a). */
export function numberOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash | 0;
}
