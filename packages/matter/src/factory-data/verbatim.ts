import type { Finding } from '@keyline/bytes'
import type { FactoryDataMode } from './mode.ts'
import { decodeImage } from './image.ts'
import type { DecodeImageOptions } from './image-records.ts'
import type { FactoryDataProfile } from './profile.ts'
import { factoryDataFinding } from './rules.ts'

export interface VerbatimOptions extends DecodeImageOptions {
  readonly profile: FactoryDataProfile
  readonly mode: FactoryDataMode
}

export interface VerbatimImage {
  /** What to program: the octets as they are, without the erased ones behind them. A view of the input. */
  readonly octets: Uint8Array
  readonly findings: readonly Finding[]
}

/**
 * An image to be programmed as it is (matter-factory-data 4): unknown records, order and generation stay. Of the rules
 * only those of the container are asked: FD-006 … FD-008, FD-043 … FD-047 and FD-050.
 */
export function verbatimImage(octets: Uint8Array, options: VerbatimOptions): VerbatimImage {
  const { profile, mode } = options
  const { length, findings } = decodeImage(octets, options)
  const kept = findings.filter(({ rule }) => rule !== 'FD-025')
  const limit = imageLimit(profile, mode)
  if (length > limit) kept.push(tooLarge(length, profile, mode))
  return { octets: octets.subarray(0, length), findings: kept }
}

/** Octets of the largest image of a mode (1.5). */
export function imageLimit(profile: FactoryDataProfile, mode: FactoryDataMode): number {
  return mode === 'provisioning' ? profile.maxProvisioningImage : profile.maxImage
}

/** FD-008. */
export function tooLarge(
  length: number,
  profile: FactoryDataProfile,
  mode: FactoryDataMode,
): Finding {
  const limit = imageLimit(profile, mode)
  const message = `the image has ${length} octets, profile ${profile.name} holds ${limit}`
  return factoryDataFinding({ rule: 'FD-008', field: { name: 'image' }, message })
}
