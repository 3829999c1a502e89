import { fromHex, Secret, toHex } from '@keyline/bytes'
import {
  decodeImage,
  decodeManualCode,
  decodeNdef,
  decodeQrPayload,
  decodeTlv,
  encodeTlv,
  factoryDataFields,
  MatterError,
  matterIds,
  parseDeclaration,
  parseStJson,
  profileViolations,
  type CertificationDeclaration,
  type ManualCode,
  type QrPayload,
  type ReadFactoryData,
} from '@keyline/matter/decode'
import { parseCertificate } from '@keyline/x509/read'

/** Everything that a page is asked to decode; octets in hexadecimal. */
export interface PageInput {
  readonly image: string
  readonly stJson: string
  readonly qr: string
  readonly manual: string
  readonly ndef: string
  readonly certificate: string
  readonly declaration: string
  readonly tlv: string
}

/** Fields by their name in ST's JSON: numbers, texts, and octets in hexadecimal. */
export type DecodedFields = Readonly<Record<string, string | number>>

export interface PageOutput {
  readonly image: { readonly fields: DecodedFields; readonly rules: readonly string[] }
  readonly stJson: { readonly fields: DecodedFields; readonly rules: readonly string[] }
  readonly qr: readonly QrPayload[]
  readonly manual: ManualCode
  readonly ndef: string
  readonly certificate: Readonly<Record<string, unknown>>
  readonly declaration: { readonly content: CertificationDeclaration; readonly signerKeyId: string }
  readonly tlv: string
  readonly refusal: string
}

/** Runs in the page. */
export function decodeEverything(input: PageInput): PageOutput {
  const { declaration, signerKeyId } = parseDeclaration(fromHex(input.declaration))
  return {
    image: described(decodeImage(fromHex(input.image))),
    stJson: described(parseStJson(input.stJson)),
    qr: decodeQrPayload(input.qr),
    manual: decodeManualCode(input.manual),
    ndef: decodeNdef(fromHex(input.ndef)),
    certificate: describedCertificate(fromHex(input.certificate)),
    declaration: { content: declaration, signerKeyId: toHex(signerKeyId) },
    tlv: toHex(encodeTlv(decodeTlv(fromHex(input.tlv)))),
    refusal: refusalOf(() => decodeTlv(Uint8Array.of(0x18))),
  }
}

function described({ data, findings }: ReadFactoryData): PageOutput['image'] {
  const fields: Record<string, string | number> = {}
  for (const { field, name } of factoryDataFields) {
    const value = data[field]
    if (value === undefined) continue
    const octets = value instanceof Secret ? value.reveal() : value
    fields[name] = octets instanceof Uint8Array ? toHex(octets) : octets
  }
  return { fields, rules: findings.map(({ rule }) => rule) }
}

function describedCertificate(der: Uint8Array): PageOutput['certificate'] {
  const certificate = parseCertificate(der)
  const { vendorId, productId, encoding } = matterIds(certificate.subject)
  return {
    serial: toHex(certificate.serialNumber),
    vendorId,
    productId,
    idEncoding: encoding,
    notBefore: certificate.notBefore.toISOString(),
    publicKey: toHex(certificate.publicPoint ?? new Uint8Array()),
    profileProblems: profileViolations(certificate, 'DAC'),
  }
}

function refusalOf(read: () => unknown): string {
  try {
    read()
  } catch (error) {
    if (error instanceof MatterError) return error.code
    throw error
  }
  return 'none'
}
