import type { OrderDocument } from '../output/outputs.ts'

type Build = Pick<OrderDocument, 'platform' | 'security'>

/** The evidence of provisioning-station section 10 that every flow needs. */
const alwaysNeeded = [
  'request',
  'chain',
  'exchange',
  'data',
  'firmware',
  'key',
  'attestation',
  'payload',
]

/** The same of a board without Matter, whose attestation key is its identity. */
const neededWithoutMatter = ['firmware', 'attestation-key']

/** The kinds of evidence that PASS needs under an order. */
export function evidenceKinds({
  platform,
  security,
  rdp = 0,
  attestation,
}: OrderDocument): readonly string[] {
  return [
    ...(platform === 'u3' ? neededWithoutMatter : alwaysNeeded),
    ...(security > 0 ? ['update', 'version'] : []),
    ...(attestation?.required === true ? ['attestation-key'] : []),
    ...(rdp > 0 ? ['protection'] : []),
  ]
}

/** First address of the primary slot of each boot loader. Source: provisioning-station sections 3.1 and 3.3. */
const primarySlots: Readonly<Record<string, number>> = {
  'wba/1': 0x0801_e000,
  'wba/2': 0x0805_8000,
  'u5/1': 0x0801_8000,
}

/** Where the application of an order runs: a boot loader moves it from where it was programmed. */
export function applicationAddress(document: Build & Pick<OrderDocument, 'images'>): number {
  const { platform, security, images } = document
  return primarySlots[`${platform}/${security}`] ?? images.application.address
}

export type KeyPlace = 'flash' | 'trusted-storage' | 'customer-key-storage'

/** Where the key of a device ends. Source: provisioning-station section 9.4. */
export function keyPlace({ platform, security, mode, policy }: OrderDocument): KeyPlace {
  if (platform === 'wba' && security === 2) return 'trusted-storage'
  if (platform === 'wb55' && (mode ?? policy) === 'production') return 'customer-key-storage'
  return 'flash'
}
