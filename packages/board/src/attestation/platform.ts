import {
  BootModule,
  componentEntry,
  encodeBootRecord,
  simulatedImplementationId,
} from '@keyline/eat'
import { simulatedLifecycle, type AttestationPlatform } from '@keyline/psa'
import type { MeasuredComponent, MeasuredKind } from '../image/measurement.ts'
import type { RdpLevel } from '../option/option-bytes.ts'
import type { Part } from '../part/part.ts'

/** Module of the shared area for what a boot loader measures. */
const moduleOf: Readonly<Record<MeasuredKind, number>> = {
  BL: BootModule.bl2,
  PRoT: BootModule.spe,
  App: BootModule.nspe,
}

/** Implementation id of all boards of a part: 32 octets over its name and its boot ROM (decision D27). */
export function implementationIdOf(part: Pick<Part, 'partName' | 'bootloaderVersion'>): Uint8Array {
  return simulatedImplementationId({
    partName: part.partName,
    bootRomVersion: part.bootloaderVersion,
  })
}

export interface PlatformInput {
  readonly part: Part
  readonly rdp: RdpLevel
  /** 32 octets of this boot. */
  readonly bootSeed: Uint8Array
  /** The images that were started, in their order. */
  readonly measure: () => readonly MeasuredComponent[]
}

/** What a board says of itself in its tokens until the next reset. */
export function attestationPlatform(input: PlatformInput): AttestationPlatform {
  const { part, rdp, bootSeed, measure } = input
  return {
    bootSeed,
    implementationId: implementationIdOf(part),
    securityLifecycle: simulatedLifecycle({ rdp }),
    bootRecord: encodeBootRecord(
      measure().map((component) => componentEntry(moduleOf[component.measurementType], component)),
    ),
  }
}
