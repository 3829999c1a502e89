import { keyPairSigner, p256FromScalar, type P256KeyPair } from '@keyline/crypto'
import {
  authorityKeyIdentifier,
  basicConstraints,
  keyIdentifier,
  keyUsage,
  name,
  noExpiry,
  Oid,
  subjectKeyIdentifier,
  type CertificateInput,
  type Extension,
  type KeyUsage,
  type NameInput,
} from '@keyline/x509'
import type { Draw } from '../../support/draw.ts'

/** A key, its name, and its identifier as certificates of it carry it. */
export interface NamedKey {
  readonly keyPair: P256KeyPair
  readonly subject: Uint8Array
  readonly keyId: Uint8Array
}

export const allUsages: readonly KeyUsage[] = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
]

/** Letters of one to four octets, and marks that texts of names have to escape. */
export const nameAlphabet = 'ABCXYZabcxyz0123456789 -.+,;=\\"<>#éßЖ漢😀'
const plainAlphabet = 'ABCXYZabcxyz0123456789'

export function drawKeyPair(draw: Draw): P256KeyPair {
  return p256FromScalar(draw.octets(32))
}

export function drawNamedKey(draw: Draw): NamedKey {
  const keyPair = drawKeyPair(draw)
  return {
    keyPair,
    subject: name(drawName(draw, 1)),
    keyId: keyIdentifier(keyPair.publicKey.point),
  }
}

/** Up to five attributes, also twice the same; at least so many. */
export function drawName(draw: Draw, least: number, alphabet = nameAlphabet): NameInput[] {
  return Array.from({ length: draw.between(least, 5) }, () => {
    const type = draw.pick([
      Oid.commonName,
      Oid.organization,
      Oid.organizationalUnit,
      Oid.country,
      '1.3.6.1.4.1.37244.2.1',
      '1.3.6.1.4.1.37244.2.2',
    ])
    if (type === Oid.country) return { type, value: draw.text('ABCDE', 2), printable: true }
    return type.startsWith('1.3')
      ? { type, value: draw.text('0123456789ABCDEF', 4) }
      : { type, value: draw.text(plainAlphabet, 1) + draw.text(alphabet, draw.below(30)) }
  })
}

/** 1 to 20 octets in its encoded form, and not zero. */
export function drawSerialNumber(draw: Draw): Uint8Array<ArrayBuffer> {
  const octets = draw.octets(draw.between(1, 20))
  octets[0] = ((octets[0] ?? 0) & 0x7f) | 1
  return octets
}

/** Any version 3 certificate of this issuer. */
export function drawCertificate(draw: Draw, issuer: NamedKey): CertificateInput {
  const { publicKey } = drawKeyPair(draw)
  const [start, end] = [draw.second(), draw.second()].sort((a, b) => a.getTime() - b.getTime())
  return {
    serialNumber: drawSerialNumber(draw),
    issuer: issuer.subject,
    subject: name(drawName(draw, 0)),
    notBefore: start ?? new Date(0),
    notAfter: draw.once(4) ? noExpiry : (end ?? noExpiry),
    publicKey,
    extensions: drawExtensions(draw, keyIdentifier(publicKey.point), issuer.keyId),
    signer: keyPairSigner(issuer.keyPair),
  }
}

function drawExtensions(draw: Draw, keyId: Uint8Array, issuerKeyId: Uint8Array): Extension[] {
  const ca = draw.once(2)
  const pathLength = ca && draw.once(2) ? draw.below(300) : undefined
  const usages = allUsages.filter(() => draw.once(3))
  const extensions = [
    basicConstraints({ ca, pathLength }),
    keyUsage(usages.length > 0 ? usages : ['digitalSignature']),
    subjectKeyIdentifier(keyId),
    authorityKeyIdentifier(issuerKeyId),
  ]
  return extensions.filter(() => !draw.once(5))
}
