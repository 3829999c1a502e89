import { concat, encodeUtf8, equalOctets, isFilledWith, toHex } from '@keyline/bytes'
import {
  derBitString,
  derBoolean,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  derTagged,
  DerTag,
  derValue,
  name,
  Oid,
} from '@keyline/x509'
import {
  certificateKinds,
  packLength,
  readParts,
  type CertificateKindName,
  type CertificateParts,
} from './system-flash.ts'

/** Status of the software utility that rebuilds certificates (section 7.1). */
export const CertificateStatus = { ok: 1, error: 2, hardwareError: 3 } as const

export type RebuiltCertificate =
  | { readonly status: typeof CertificateStatus.ok; readonly certificate: Uint8Array<ArrayBuffer> }
  /** The pack has another length. */
  | { readonly status: typeof CertificateStatus.error }
  /** Erased flash: the chip left its foundry without this key (decision D19). */
  | {
      readonly status: typeof CertificateStatus.hardwareError
      readonly reason: 'E_DUA_NOT_PROVISIONED'
    }

const validYears = 30

/**
 * DER of a device certificate, rebuilt from its parts in system flash and the template of its kind (section 7.2).
 * Nothing is verified: a changed part makes a certificate whose signature fails.
 */
export function rebuildCertificate(
  pack: Uint8Array,
  kind: CertificateKindName,
): RebuiltCertificate {
  if (pack.length !== packLength) return { status: CertificateStatus.error }
  const parts = readParts(pack, kind)
  if (isFilledWith(parts.serial, 0xff)) {
    return { status: CertificateStatus.hardwareError, reason: 'E_DUA_NOT_PROVISIONED' }
  }
  return { status: CertificateStatus.ok, certificate: assemble(parts, kind) }
}

/** What the authority signs. */
export function templateOf(
  { publicKey, serial }: Omit<CertificateParts, 'signature'>,
  kindName: CertificateKindName,
): Uint8Array<ArrayBuffer> {
  const kind = certificateKinds[kindName]
  const [, year = 0] = serial
  const authority = toHex(serial.subarray(0, 1))
  const point = concat(Uint8Array.of(0x04), publicKey)
  return derSequence(
    derTagged(0, derInteger(2)),
    derValue(DerTag.integer, serial),
    ecdsaWithSha256,
    nameOf(`ST CA ${authority} for STM32 ${kind.issuer}`),
    derSequence(
      derValue(DerTag.utcTime, firstDayOf(year)),
      derValue(DerTag.generalizedTime, encodeUtf8('20'), firstDayOf(year + validYears)),
    ),
    nameOf(`${kind.subject}${toHex(serial)}`),
    derSequence(derSequence(derOid(Oid.ecPublicKey), derOid(Oid.prime256v1)), derBitString(point)),
    derTagged(3, derSequence(notAnAuthority)),
  )
}

/** True when the certificate is that of this key, `04 ‖ X ‖ Y`: the check of the device itself (section 7.4). */
export function isCertificateOf(
  pack: Uint8Array,
  kind: CertificateKindName,
  publicKey: Uint8Array,
): boolean {
  return (
    publicKey[0] === 0x04 && equalOctets(readParts(pack, kind).publicKey, publicKey.subarray(1))
  )
}

const ecdsaWithSha256 = derSequence(derOid(Oid.ecdsaWithSha256))
const notAnAuthority = derSequence(
  derOid(Oid.basicConstraints),
  derBoolean(true),
  derOctetString(derSequence()),
)

function assemble(parts: CertificateParts, kind: CertificateKindName): Uint8Array<ArrayBuffer> {
  const { signature } = parts
  const pair = derSequence(
    derInteger(signature.subarray(0, 32)),
    derInteger(signature.subarray(32)),
  )
  return derSequence(templateOf(parts, kind), ecdsaWithSha256, derBitString(pair))
}

/** `YY0101000000Z`. The template adds the digits up without a look: a year above 99 has one that is none. */
function firstDayOf(year: number): Uint8Array {
  const digits = Uint8Array.of(0x30 + Math.floor(year / 10), 0x30 + (year % 10))
  return concat(digits, encodeUtf8('0101000000Z'))
}

function nameOf(commonName: string): Uint8Array {
  return name([
    { type: Oid.country, value: 'NL', printable: true },
    { type: Oid.organization, value: 'STMicroelectronics nv' },
    { type: Oid.commonName, value: commonName },
  ])
}
