/** Usage flags of a key, 32 bit (section 2.5). */
export const Usage = {
  export: 0x1,
  copy: 0x2,
  encrypt: 0x100,
  decrypt: 0x200,
  signMessage: 0x400,
  verifyMessage: 0x800,
  signHash: 0x1000,
  verifyHash: 0x2000,
  derive: 0x4000,
  verifyDerivation: 0x8000,
} as const

const known = Object.values(Usage).reduce((all, usage) => all | usage, 0)

/** True when only flags of the table are set. */
export function isKnownUsage(usage: number): boolean {
  return usage === (usage & known)
}

/** Who signs or verifies a hash may do so with a message too; the implied flags are stored. */
export function withImpliedUsage(usage: number): number {
  const message =
    ((usage & Usage.signHash) === 0 ? 0 : Usage.signMessage) |
    ((usage & Usage.verifyHash) === 0 ? 0 : Usage.verifyMessage)
  return usage | message
}
