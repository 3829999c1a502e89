import { canonicalJson, isKeylineError, toHex } from '@keyline/bytes'
import {
  decodeBase38,
  decodeManualCode,
  decodeNdef,
  decodeQrPayload,
  decodeTlv,
  decodeType2Tag,
  encodeBase38,
  encodeManualCode,
  encodeNdef,
  encodeQrPayload,
  encodeTlv,
  encodeType2Tag,
  extractQrPayload,
  isVerhoeffValid,
  packQrPayload,
  payloadProblems,
  unpackQrPayload,
  verhoeffDigit,
  type OnboardingPayload,
  type QrPayload,
} from '@keyline/matter'
import type { CaseResult, VectorCheck } from './case.ts'
import { casesOf, compared, type VectorReader } from './vector-reader.ts'

const caseChecks: Readonly<Record<string, (vector: VectorReader) => CaseResult>> = {
  'base38.json': base38Case,
  'manual.json': manualCase,
  'nfc.json': nfcCase,
  'qr-concatenated.json': concatenatedCase,
  'qr-invalid.json': invalidCase,
  'qr.json': qrCase,
  'verhoeff.json': verhoeffCase,
}

/** Onboarding codes, both ways. */
export const check: VectorCheck = async (file) => {
  const caseCheck = caseChecks[file.path.slice(file.path.lastIndexOf('/') + 1)]
  if (caseCheck === undefined) {
    throw new TypeError(`${file.path} is no file of onboarding vectors that is known here`)
  }
  return casesOf(file).map(caseCheck)
}

const refused = 'refused'

function base38Case(vector: VectorReader): CaseResult {
  const text = vector.text('base38')
  const decoded = orRefused(() => toHex(decodeBase38(text)))
  if (!vector.flag('valid')) return compared(vector.id, refused, decoded)
  const octets = vector.octets('bytes')
  return compared(vector.id, `${toHex(octets)} ${text}`, `${decoded} ${encodeBase38(octets)}`)
}

function manualCase(vector: VectorReader): CaseResult {
  const code = vector.text('code')
  const decoded = orRefused(() => canonicalJson({ ...decodeManualCode(code) }))
  if (!vector.flag('valid')) return compared(vector.id, refused, decoded)
  const isLong = vector.flag('long')
  const short = vector.number('shortDiscriminator')
  const passcode = vector.number('passcode')
  const ids = isLong
    ? { vendorId: vector.number('vendorId'), productId: vector.number('productId') }
    : {}
  const wanted = canonicalJson({ shortDiscriminator: short, passcode, ...ids })
  const payload: OnboardingPayload = {
    vendorId: 0,
    productId: 0,
    ...ids,
    flow: 0,
    discovery: 0,
    discriminator: short << 8,
    passcode,
  }
  const again = encodeManualCode(payload, isLong ? 'long' : 'short')
  const digits = code.replace(/[- ]/g, '')
  return compared(vector.id, `${wanted} ${digits}`, `${decoded} ${again}`)
}

function nfcCase(vector: VectorReader): CaseResult {
  const text = vector.text('payload')
  const message = vector.octets('ndefMessage')
  const tag = vector.octets('type2Tlv')
  const wanted = [toHex(message), toHex(tag), text, text]
  const actual = [
    toHex(encodeNdef(text)),
    toHex(encodeType2Tag(text)),
    decodeNdef(message),
    decodeType2Tag(tag),
  ]
  return compared(vector.id, wanted.join(' '), actual.join(' '))
}

function concatenatedCase(vector: VectorReader): CaseResult {
  if (vector.has('scanned')) {
    const extracted = extractQrPayload(vector.text('scanned'))
    return compared(vector.id, vector.text('extracted'), extracted)
  }
  const text = vector.text('qr')
  const wanted = vector.objects('payloads').map(payloadOf)
  const [first, ...rest] = wanted
  if (first === undefined) throw new TypeError(`${vector.id} has no payload`)
  const decoded = decodeQrPayload(text).map((payload) =>
    canonicalJson({ ...payload, elements: undefined }),
  )
  const encoded = encodeQrPayload(first, ...rest)
  const expected = wanted.map((payload) => canonicalJson({ ...payload })).join(' ')
  return compared(vector.id, `${expected} ${text}`, `${decoded.join(' ')} ${encoded}`)
}

function invalidCase(vector: VectorReader): CaseResult {
  const decoded = orRefused(() => `${decodeQrPayload(vector.text('qr')).length} payloads`)
  return compared(vector.id, refused, decoded)
}

/** Packed octets, text, both manual codes, back again; and whether a label may carry the payload. */
function qrCase(vector: VectorReader): CaseResult {
  const fields = payloadOf(vector.object('payload'))
  const tlv = vector.text('tlv')
  const payload: QrPayload = tlv === '' ? fields : { ...fields, elements: elementsOf(vector) }
  const packed = packQrPayload(payload)
  const isValid = vector.flag('valid')
  const text = vector.text('qr')
  const { elements, ...back } = unpackQrPayload(decodeBase38(text.slice(3)))
  const wanted = [
    vector.text('packed'),
    vector.text('manual'),
    vector.text('manualShort'),
    canonicalJson({ ...fields }),
    tlv,
    isValid ? text : refused,
    isValid ? 'good' : 'bad',
  ]
  const actual = [
    toHex(packed),
    encodeManualCode(payload),
    encodeManualCode(payload, 'short'),
    canonicalJson({ ...back }),
    elements === undefined ? '' : toHex(encodeTlv({ type: 'structure', value: elements })),
    orRefused(() => encodeQrPayload(payload)),
    payloadProblems(payload).length === 0 ? 'good' : 'bad',
  ]
  if (`MT:${encodeBase38(packed)}` !== text) actual.push('another text')
  return compared(vector.id, wanted.join(' '), actual.join(' '))
}

function verhoeffCase(vector: VectorReader): CaseResult {
  const digits = vector.text('digits')
  const digit = vector.text('check')
  const wrong = String((Number(digit) + 1) % 10)
  const isTold = isVerhoeffValid(digits + digit) && !isVerhoeffValid(digits + wrong)
  return compared(
    vector.id,
    `${digit} told`,
    `${verhoeffDigit(digits)} ${isTold ? 'told' : 'not told'}`,
  )
}

function elementsOf(vector: VectorReader): NonNullable<QrPayload['elements']> {
  const element = decodeTlv(vector.octets('tlv'))
  if (element.type === 'structure') return element.value
  throw new TypeError(`${vector.id}.tlv is no structure`)
}

function payloadOf(payload: VectorReader): OnboardingPayload {
  return {
    version: payload.number('version'),
    vendorId: payload.number('vendorId'),
    productId: payload.number('productId'),
    flow: payload.number('flow'),
    discovery: payload.number('discovery'),
    discriminator: payload.number('discriminator'),
    passcode: payload.number('passcode'),
  }
}

function orRefused(act: () => string): string {
  try {
    return act()
  } catch (error) {
    if (isKeylineError(error)) return refused
    throw error
  }
}
