import type { ExtendedFactoryData } from './extended-json.ts'
import type { DecodedImage } from './image.ts'

/** What one form says and another has no place for. */
export interface ConversionLoss {
  readonly kind:
    | 'unknown-record'
    | 'no-end-marker'
    | 'record-order'
    | 'unreadable-record'
    | 'passcode'
    | 'onboarding'
    | 'attribute'
  readonly message: string
}

/** What is lost when a decoded image becomes JSON, or is encoded again. None: the octets come back. */
export function imageLosses(image: DecodedImage): readonly ConversionLoss[] {
  const losses: ConversionLoss[] = image.unknown.map(({ tag, offset, value }) => ({
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

/** What is lost when a set of the extended form becomes ST's JSON or an image. None: the other form says all of it. */
export function extendedLosses(set: ExtendedFactoryData): readonly ConversionLoss[] {
  const { data, passcode, flow, discovery, info } = set
  const losses: ConversionLoss[] = []
  if (passcode !== undefined && data.passcode === undefined) {
    const message = 'the passcode is not to be stored, and stands nowhere else'
    losses.push({ kind: 'passcode', message })
  }
  if (flow !== 0 || discovery !== defaultDiscovery) {
    const message = 'commissioning flow and discovery capabilities stand in the QR code alone'
    losses.push({ kind: 'onboarding', message })
  }
  for (const [name, value] of Object.entries(info)) {
    if (value === undefined) continue
    losses.push({ kind: 'attribute', message: `no field holds the attribute ${name}` })
  }
  return losses
}

/** Bits of the capabilities of a document that names none: BLE. */
const defaultDiscovery = 2
