import 'reflect-metadata'
import { toHex } from '@keyline/bytes'
import { Oid } from '@keyline/x509'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  type Name,
  type PublicKey,
} from '@peculiar/x509'
import {
  absent,
  constraintsText,
  criticalText,
  nameText,
  numberText,
  type NameText,
} from './certificate-fields.ts'
import { allUsages } from './drawn-certificate.ts'
import type { Fields } from './fields.ts'

/** A certificate as `@peculiar/x509` reads it. */
export function peculiarFields(der: Uint8Array): Fields {
  const certificate = new X509Certificate(Uint8Array.from(der))
  const constraints = certificate.getExtension(BasicConstraintsExtension)
  const usage = certificate.getExtension(KeyUsagesExtension)
  const subjectKey = certificate.getExtension(SubjectKeyIdentifierExtension)
  const authorityKey = certificate.getExtension(AuthorityKeyIdentifierExtension)
  return {
    serialNumber: numberText(certificate.serialNumber),
    issuer: peculiarName(certificate.issuerName),
    subject: peculiarName(certificate.subjectName),
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
    publicKey: peculiarPoint(certificate.publicKey),
    extensions: Array.from(certificate.extensions, ({ type }) => type).join(' '),
    basicConstraints:
      constraints === null
        ? absent
        : criticalText(
            constraints.critical,
            constraintsText(constraints.ca, constraints.pathLength),
          ),
    keyUsage:
      usage === null ? absent : criticalText(usage.critical, usagesOf(usage.usages).join(' ')),
    subjectKeyIdentifier:
      subjectKey === null ? absent : criticalText(subjectKey.critical, subjectKey.keyId),
    authorityKeyIdentifier:
      authorityKey === null
        ? absent
        : criticalText(authorityKey.critical, authorityKey.keyId ?? ''),
  }
}

/** The text of a name with dotted types. */
export function peculiarName(name: Name): string {
  const attributes: NameText[] = name
    .toJSON()
    .flatMap((rdn) => Object.entries(rdn))
    .flatMap(([type, texts]) =>
      texts.map((text) => ({ type: dottedTypes.get(type) ?? type, text })),
    )
  return nameText(attributes)
}

/** The point at the end of a SubjectPublicKeyInfo. */
export function peculiarPoint(key: PublicKey): string {
  return toHex(new Uint8Array(key.rawData).subarray(-65))
}

export function usageFlags(usages: readonly string[]): number {
  return allUsages
    .filter((usage) => usages.includes(usage))
    .reduce<number>((flags, usage) => flags | KeyUsageFlags[usage], 0)
}

function usagesOf(flags: KeyUsageFlags): readonly string[] {
  return allUsages.filter((usage) => (flags & KeyUsageFlags[usage]) !== 0)
}

const dottedTypes: ReadonlyMap<string, string> = new Map([
  ['CN', Oid.commonName],
  ['SN', '2.5.4.4'],
  ['C', Oid.country],
  ['L', '2.5.4.7'],
  ['ST', '2.5.4.8'],
  ['O', Oid.organization],
  ['OU', Oid.organizationalUnit],
  ['T', '2.5.4.12'],
  ['G', '2.5.4.42'],
  ['I', '2.5.4.43'],
  ['DC', '0.9.2342.19200300.100.1.25'],
  ['E', '1.2.840.113549.1.9.1'],
])
