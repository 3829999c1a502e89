import type { RdpLevel } from '../ccb/index.ts'

/** What the device knows of itself from one reset to the next. */
export interface AttestationPlatform {
  /** 32 random octets of this boot. */
  readonly bootSeed: Uint8Array
  /** 32 octets that name the immutable part of the root of trust. */
  readonly implementationId: Uint8Array
  readonly securityLifecycle: number
  /** Shared area that the boot loader left, with a record of each software component. */
  readonly bootRecord: Uint8Array
  readonly verificationServiceIndicator?: string | undefined
  readonly certificationReference?: string | undefined
  /** Profile 1 alone. */
  readonly hardwareVersion?: string | undefined
}

const lifecycleByRdp: Readonly<Record<RdpLevel, number>> = {
  0: 0x2000,
  0.5: 0x4000,
  1: 0x3000,
  2: 0x3001,
}
const decommissioned = 0x6000

/** Lifecycle claim of a simulated chip (decision D22). */
export function simulatedLifecycle(state: {
  readonly rdp: RdpLevel
  readonly isDecommissioned?: boolean | undefined
}): number {
  return state.isDecommissioned === true ? decommissioned : lifecycleByRdp[state.rdp]
}
