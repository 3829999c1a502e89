import { isKeylineError, toHex, type JsonValue } from '@keyline/bytes'
import {
  CommissioningFlow,
  DiscoveryCapability,
  QrTag,
  type FactoryData,
  type OnboardingPayload,
  type QrPayload,
  type TlvElement,
} from '@keyline/matter'
import { CliError } from '../errors.ts'
import { idText } from './pki-declaration.ts'
import { quoted } from './pki-findings.ts'

/** Names of the commissioning flows on the command line. */
export const flowNames: ReadonlyMap<string, number> = new Map([
  ['standard', CommissioningFlow.standard],
  ['user-intent', CommissioningFlow.userIntent],
  ['custom', CommissioningFlow.custom],
])

/** Names of the discovery capabilities on the command line, as in the extended JSON. */
export const discoveryNames: ReadonlyMap<string, number> = new Map([
  ['softap', DiscoveryCapability.softAccessPoint],
  ['ble', DiscoveryCapability.ble],
  ['ip', DiscoveryCapability.onNetwork],
  ['wifi-paf', DiscoveryCapability.wifiPublicActionFrame],
  ['nfc', DiscoveryCapability.nfc],
  ['thread', DiscoveryCapability.thread],
])

/** What a label is made from; each source fills what those before left open. */
export interface LabelValues {
  readonly vendorId?: number | undefined
  readonly productId?: number | undefined
  readonly discriminator?: number | undefined
  readonly passcode?: number | undefined
  readonly flow?: number | undefined
  readonly discovery?: number | undefined
  readonly serialNumber?: string | undefined
}

/** The values of a label in factory data. The serial number is not put on a label unless it is asked for. */
export function labelValuesOf(
  data: FactoryData,
  more: Pick<LabelValues, 'passcode' | 'flow' | 'discovery'>,
): LabelValues {
  const { vendorId, productId, discriminator } = data
  return { vendorId, productId, discriminator, ...more }
}

/** The first value that is given, for each field. */
export function mergedValues(...sources: readonly LabelValues[]): LabelValues {
  const first = <K extends keyof LabelValues>(field: K): LabelValues[K] =>
    sources.find((source) => source[field] !== undefined)?.[field]
  return {
    vendorId: first('vendorId'),
    productId: first('productId'),
    discriminator: first('discriminator'),
    passcode: first('passcode'),
    flow: first('flow'),
    discovery: first('discovery'),
    serialNumber: first('serialNumber'),
  }
}

/** @throws CliError `CLI_USAGE` with every value that is missing */
export function payloadOf(values: LabelValues): QrPayload {
  const { vendorId, productId, discriminator, passcode, flow = 0, discovery = 2 } = values
  if (
    vendorId === undefined ||
    productId === undefined ||
    discriminator === undefined ||
    passcode === undefined
  ) {
    const missing = Object.entries({ vendorId, productId, discriminator, passcode })
      .filter(([, value]) => value === undefined)
      .map(([name]) => name)
    throw new CliError('CLI_USAGE', `a label needs ${missing.join(', ')}`, {
      remedy:
        'give --vid, --pid, --discriminator and --passcode-file, or --random, or a factory data file with --from',
    })
  }
  const payload = { vendorId, productId, flow, discovery, discriminator, passcode }
  if (values.serialNumber === undefined) return payload
  const serialNumber = {
    tag: QrTag.serialNumber,
    type: 'text',
    value: values.serialNumber,
  } as const
  return { ...payload, elements: [serialNumber] }
}

/** The members of a payload as JSON: names for flow and discovery where they have one. */
export function payloadToJson(payload: QrPayload): Readonly<Record<string, JsonValue>> {
  const { version = 0, vendorId, productId, flow, discovery, discriminator, passcode } = payload
  return {
    version,
    vendorId: idText(vendorId),
    productId: idText(productId),
    flow: nameOf(flowNames, flow) ?? flow,
    discovery: discoveryText(discovery),
    discriminator,
    passcode,
    ...(payload.elements !== undefined && {
      elements: payload.elements.map((element) => ({
        tag: tagOf(element),
        type: element.type,
        value: elementText(element),
      })),
    }),
  }
}

/** The values of a payload as lines for people. */
export function payloadLines(payload: QrPayload): readonly string[] {
  const { discriminator, discovery, elements = [], flow, passcode, version = 0 } = payload
  const rows: readonly (readonly [string, string])[] = [
    ['version', String(version)],
    ['vendor id', `${idText(payload.vendorId)}  ${payload.vendorId}`],
    ['product id', `${idText(payload.productId)}  ${payload.productId}`],
    ['flow', `${flow} (${nameOf(flowNames, flow) ?? 'reserved'})`],
    ['discovery', discoveryText(discovery) || 'none'],
    ['discriminator', `${discriminator}  (short ${discriminator >> 8})`],
    ['passcode', String(passcode).padStart(8, '0')],
    ...elements.map(
      (element) => [nameOfTag(tagOf(element)), quoted(elementText(element))] as const,
    ),
  ]
  return rows.map(([name, value]) => `${name.padEnd(22)}${value}`)
}

/** `ble,ip`; a bit without a name by its number. */
export function discoveryText(discovery: number): string {
  const bits = Array.from({ length: 8 }, (_, place) => 1 << place).filter(
    (bit) => (discovery & bit) !== 0,
  )
  return bits.map((bit) => nameOf(discoveryNames, bit) ?? `bit ${Math.log2(bit)}`).join(',')
}

/** A passcode of a file: decimal digits alone. @throws CliError `CLI_INPUT`, without the text */
export function passcodeOf(text: string, place: string): number {
  const line = text.trim()
  if (/^\d{1,8}$/.test(line)) return Number(line)
  throw new CliError('CLI_INPUT', `${place} does not hold a passcode of at most 8 digits`)
}

/** Bits of `ble,ip`; undefined when a name is unknown. */
export function discoveryOf(text: string): number | undefined {
  let bits = 0
  for (const name of text.split(',')) {
    const bit = discoveryNames.get(name)
    if (bit === undefined) return undefined
    bits |= bit
  }
  return bits
}

function nameOf(names: ReadonlyMap<string, number>, value: number): string | undefined {
  return [...names].find(([, known]) => known === value)?.[0]
}

function nameOfTag(tag: number): string {
  const name = Object.entries(QrTag).find(([, known]) => known === tag)?.[0]
  return name?.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`) ?? `vendor element ${tag}`
}

/** Elements of a payload have context tags. */
function tagOf({ tag }: TlvElement): number {
  return typeof tag === 'number' ? tag : -1
}

/** Value of an element as text; of the vendor's own containers the type alone. */
function elementText(element: TlvElement): string {
  if (element.type === 'text') return element.value
  if (element.type === 'octets') return toHex(element.value)
  return element.type === 'uint' || element.type === 'int' ? String(element.value) : element.type
}

/** Runs a decoder of a label; what it refuses is input that cannot be read. */
export function readLabel<T>(place: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw new CliError('CLI_INPUT', `${place}: ${cause.message}`, { cause })
  }
}

/** What a manual code says, as a payload whose other values are blameless. */
export function payloadOfManualCode(code: {
  readonly shortDiscriminator: number
  readonly passcode: number
  readonly vendorId?: number | undefined
  readonly productId?: number | undefined
}): OnboardingPayload {
  const { shortDiscriminator, passcode, vendorId = 1, productId = 1 } = code
  return {
    vendorId,
    productId,
    passcode,
    discriminator: shortDiscriminator << 8,
    flow: 0,
    discovery: 2,
  }
}
