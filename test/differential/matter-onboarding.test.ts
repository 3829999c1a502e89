import { toHex } from '@keyline/bytes'
import {
  decodeManualCode,
  decodeQrPayload,
  encodeManualCode,
  encodeQrPayload,
  encodeTlv,
  isForbiddenPasscode,
  QrTag,
  type OnboardingPayload,
  type QrPayload,
  type TlvElement,
} from '@keyline/matter'
import { ManualPairingCodeCodec, QrPairingCodeCodec, VendorId } from '@matter/types'
import { describe, expect, it } from 'vitest'
import { Draw } from '../support/draw.ts'
import { scaled, testSeed } from '../support/scale.ts'
import { differences, shown, type Fields } from './support/fields.ts'

const cases = scaled(1_000, 100_000)

describe(`matter.js, ${cases} onboarding payloads drawn with seed ${testSeed},`, () => {
  it('makes the QR text that we make, and both read it alike', () => {
    const problems = comparedPayloads('QR', (place, draw) => {
      const payloads: [QrPayload, ...QrPayload[]] = [
        drawPayload(draw),
        ...(draw.once(5) ? [drawPayload(draw)] : []),
      ]
      const ours = encodeQrPayload(...payloads)
      const theirs = QrPairingCodeCodec.encode(payloads.map(matterPayload))
      const texts = differences(place, { text: ours }, { text: theirs })
      const readHere = decodeQrPayload(theirs).map(qrFields)
      const readThere = QrPairingCodeCodec.decode(ours).map(matterFields)
      const meant = payloads.map(qrFields)
      return [
        ...texts,
        ...meant.flatMap((fields, index) => [
          ...differences(`${place}, read here`, readHere[index] ?? {}, fields),
          ...differences(`${place}, read there`, readThere[index] ?? {}, fields),
        ]),
      ]
    })
    expect(shown(problems)).toEqual([])
  })

  it('reads the elements behind the payload that we wrote, and writes such that we read', () => {
    const problems = comparedPayloads('elements', (place, draw) => {
      const meant = drawElements(draw)
      const elements = tlvElements(meant)
      const ours = encodeTlv({ type: 'structure', value: elements })
      const readThere = QrPairingCodeCodec.decodeTlvData(ours)
      const payload = { ...drawPayload(draw), tlvData: QrPairingCodeCodec.encodeTlvData(meant) }
      const [readHere] = decodeQrPayload(
        QrPairingCodeCodec.encode([{ ...matterPayload(payload), tlvData: payload.tlvData }]),
      )
      return [
        ...differences(`${place}, read there`, textFields(readThere), textFields(meant)),
        ...differences(
          `${place}, read here`,
          { elements: toHex(encodeTlv({ type: 'structure', value: readHere?.elements ?? [] })) },
          { elements: toHex(ours) },
        ),
      ]
    })
    expect(shown(problems)).toEqual([])
  })

  it('makes the manual code that we make, and both read it alike', () => {
    const problems = comparedPayloads('manual', (place, draw) => {
      const payload = drawPayload(draw)
      const isLong = draw.once(2)
      const { discriminator, passcode, vendorId, productId } = payload
      const ours = encodeManualCode(payload, isLong ? 'long' : 'short')
      const ids = isLong ? { vendorId: VendorId(vendorId), productId } : {}
      const theirs = ManualPairingCodeCodec.encode({ discriminator, passcode, ...ids })
      const meant = { shortDiscriminator: discriminator >> 8, passcode, ...ids }
      return [
        ...differences(place, { text: ours }, { text: theirs }),
        ...differences(
          `${place}, read here`,
          manualFields(decodeManualCode(theirs)),
          manualFields(meant),
        ),
        ...differences(
          `${place}, read there`,
          manualFields(ManualPairingCodeCodec.decode(ours)),
          manualFields(meant),
        ),
      ]
    })
    expect(shown(problems)).toEqual([])
  })

  it.each(['vendorId', 'productId', 'flow', 'discovery', 'discriminator', 'passcode'] as const)(
    'would be told apart by the %s of a payload',
    (field) => {
      const payload = {
        vendorId: 0xfff2,
        productId: 0x8004,
        flow: 0,
        discovery: 2,
        discriminator: 3840,
        passcode: 20_202_020,
      }
      const other = { ...payload, [field]: payload[field] + 1 }
      const [read] = QrPairingCodeCodec.decode(encodeQrPayload(other))
      const found = differences(
        'control',
        qrFields(payload),
        read === undefined ? {} : matterFields(read),
      )
      expect(found).toEqual([expect.stringMatching(`^control: ${field} is `)])
    },
  )
})

/** Draws so many cases and gives what was found in all of them. */
function comparedPayloads(
  name: string,
  compare: (place: string, draw: Draw) => readonly string[],
): readonly string[] {
  const draw = new Draw(`${name} ${testSeed}`)
  const problems: string[] = []
  for (let index = 0; index < cases; index++) {
    problems.push(...compare(`seed ${testSeed}, case ${index}`, draw))
  }
  return problems
}

function drawPayload(draw: Draw): OnboardingPayload {
  return {
    vendorId: draw.between(1, 0xfff4),
    productId: draw.between(1, 0xffff),
    flow: draw.below(3),
    discovery: draw.below(0x40),
    discriminator: draw.below(0x1000),
    passcode: drawPasscode(draw),
  }
}

function drawPasscode(draw: Draw): number {
  for (;;) {
    const passcode = draw.between(1, 99_999_998)
    if (!isForbiddenPasscode(passcode)) return passcode
  }
}

type MatterPayload = Parameters<typeof QrPairingCodeCodec.encode>[0][number]

function matterPayload(payload: OnboardingPayload): MatterPayload {
  const { flow, discovery, vendorId, ...same } = payload
  return {
    ...same,
    version: 0,
    vendorId: VendorId(vendorId),
    flowType: flow,
    discoveryCapabilities: discovery,
  }
}

function matterFields(payload: MatterPayload): Fields {
  const { flowType, discoveryCapabilities, ...same } = payload
  return qrFields({ ...same, flow: flowType, discovery: discoveryCapabilities })
}

function qrFields(payload: OnboardingPayload): Fields {
  const { vendorId, productId, flow, discovery, discriminator, passcode } = payload
  return textFields({ vendorId, productId, flow, discovery, discriminator, passcode })
}

interface ManualMembers {
  readonly shortDiscriminator?: number | undefined
  readonly passcode: number
  readonly vendorId?: number | undefined
  readonly productId?: number | undefined
}

function manualFields(code: ManualMembers): Fields {
  const { shortDiscriminator, passcode, vendorId, productId } = code
  return textFields({ shortDiscriminator, passcode, vendorId, productId })
}

/** The elements that both sides name; a serial number in digits has one octet there. */
interface Elements {
  readonly serialNumber?: string | number
  readonly pbkdfIterations?: number
  readonly pbkdfSalt?: Uint8Array<ArrayBuffer>
  readonly numberOfDevices?: number
  readonly commissioningTimeout?: number
}

function drawElements(draw: Draw): Elements {
  const serialNumber = draw.once(3)
    ? draw.below(0x100)
    : draw.text('ABC012-é漢', draw.between(1, 10))
  return {
    ...(draw.once(2) ? { serialNumber } : {}),
    ...(draw.once(2)
      ? {
          pbkdfIterations: draw.between(1_000, 100_000),
          pbkdfSalt: draw.octets(draw.between(16, 32)),
        }
      : {}),
    ...(draw.once(2) ? { numberOfDevices: draw.between(1, 255) } : {}),
    ...(draw.once(2) ? { commissioningTimeout: draw.below(0x1_0000) } : {}),
  }
}

function tlvElements(elements: Elements): readonly TlvElement[] {
  const { serialNumber, pbkdfIterations, pbkdfSalt, numberOfDevices, commissioningTimeout } =
    elements
  return [
    ...(typeof serialNumber === 'string'
      ? [{ tag: QrTag.serialNumber, type: 'text', value: serialNumber } as const]
      : uintElement(QrTag.serialNumber, serialNumber)),
    ...uintElement(QrTag.iterations, pbkdfIterations),
    ...(pbkdfSalt === undefined
      ? []
      : [{ tag: QrTag.salt, type: 'octets', value: pbkdfSalt } as const]),
    ...uintElement(QrTag.numberOfDevices, numberOfDevices),
    ...uintElement(QrTag.commissioningTimeout, commissioningTimeout),
  ]
}

function uintElement(tag: number, value: number | undefined): readonly TlvElement[] {
  return value === undefined ? [] : [{ tag, type: 'uint', value }]
}

function textFields(members: object): Fields {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? toHex(value) : String(value),
    ]),
  )
}
