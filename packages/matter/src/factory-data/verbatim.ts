import type { Finding } from '@keyline/bytes'
import type { FactoryDataMode } from './mode.ts'
import { decodeImage, type DecodedImage } from './image.ts'
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

/** What an image says and its fields do not: none of it survives the way over JSON, or `encodeImage`. */
export interface ImageLoss {
  readonly kind: 'unknown-record' | 'no-end-marker' | 'record-order' | 'unreadable-record'
  readonly message: string
}

/** What is lost when a decoded image becomes JSON, or is encoded again. None: the octets come back. */
export function imageLosses(image: DecodedImage): readonly ImageLoss[] {
  const losses: ImageLoss[] = image.unknown.map(({ tag, offset, value }) => ({
    kind: 'unknown-record',
    message: `tag ${tag} at offset ${offset} (${value.length} octets) belongs to no field`,
  }))
  for (const { rule, field } of image.findings) {
    if (!unreadableRules.has(rule)) continue
    losses.push({
      kind: 'unreadable-record',
      message: `a record of ${field} is left out (${rule})`,
    })
  }
  if (image.generation === 'G1') {
    losses.push({ kind: 'no-end-marker', message: 'the image has no end marker, the new one has' })
  }
  if (image.generation === 'G2p') {
    const message = 'the records are not in the order of their tags, those of the new image are'
    losses.push({ kind: 'record-order', message })
  }
  return losses
}

/** Of an empty, doubled, cut, misencoded or wrongly sized record nothing reaches the fields. */
const unreadableRules: ReadonlySet<string> = new Set([
  'FD-006',
  'FD-025',
  'FD-043',
  'FD-044',
  'FD-050',
])
