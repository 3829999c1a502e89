import { toHex } from '@keyline/bytes'
import {
  attributeText,
  extensionOf,
  Oid,
  parseCertificate,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readKeyUsage,
  readName,
  readSubjectKeyIdentifier,
  type Certificate,
} from '@keyline/x509'
import type { Fields } from './fields.ts'

/** An attribute of a name: dotted type and text. */
export interface NameText {
  readonly type: string
  readonly text: string
}

/** What stands for a key that is not on P-256. */
export const noKey = 'no key on P-256'
/** What begins the text of an attribute that has none. */
export const noText = 'not a text: '
/** What stands for an extension that is not there. */
export const absent = 'absent'

/** A certificate as our parser reads it. */
export function certificateFields(der: Uint8Array): Fields {
  const certificate = parseCertificate(der)
  const { version, serialNumber, notBefore, notAfter, publicPoint } = certificate
  return {
    version: String(version),
    serialNumber: numberText(toHex(serialNumber)),
    issuer: nameText(readNameTexts(certificate.issuer)),
    subject: nameText(readNameTexts(certificate.subject)),
    notBefore: notBefore.toISOString(),
    notAfter: notAfter.toISOString(),
    publicKey: publicPoint === undefined ? noKey : toHex(publicPoint),
    extensions: certificate.extensions.map(({ oid }) => oid).join(' '),
    ...extensionFields(certificate),
  }
}

/** A number from hexadecimal, whatever its leading zeros. */
export function numberText(hex: string): string {
  return BigInt(`0x${hex}`).toString(16)
}

export function readNameTexts(der: Uint8Array): readonly NameText[] {
  return readName(der).map((attribute) => ({
    type: attribute.type,
    text: attributeText(attribute) ?? `${noText}${toHex(attribute.value)}`,
  }))
}

export function nameText(attributes: readonly NameText[]): string {
  return attributes.map(({ type, text }) => `${type}=${JSON.stringify(text)}`).join(' ')
}

export function constraintsText(ca: boolean, pathLength: number | undefined): string {
  return `${ca ? 'CA' : 'no CA'}${pathLength === undefined ? '' : `, path length ${pathLength}`}`
}

export function criticalText(critical: boolean, text: string): string {
  return critical ? `critical ${text}` : text
}

function extensionFields(certificate: Certificate): Fields {
  const read = (oid: string, text: (value: Uint8Array) => string): string => {
    const extension = extensionOf(certificate, oid)
    if (extension === undefined) return absent
    return criticalText(extension.critical, text(extension.value))
  }
  return {
    basicConstraints: read(Oid.basicConstraints, (value) => {
      const { ca, pathLength } = readBasicConstraints(value)
      return constraintsText(ca, pathLength)
    }),
    keyUsage: read(Oid.keyUsage, (value) => readKeyUsage(value).join(' ')),
    subjectKeyIdentifier: read(Oid.subjectKeyIdentifier, (value) =>
      toHex(readSubjectKeyIdentifier(value)),
    ),
    authorityKeyIdentifier: read(Oid.authorityKeyIdentifier, (value) =>
      toHex(readAuthorityKeyIdentifier(value) ?? new Uint8Array()),
    ),
  }
}
