import { generateP256, keyPairSigner, type P256KeyPair } from '@keyline/crypto'
import {
  basicConstraints,
  buildCertificate,
  keyUsage,
  name,
  Oid,
  type Extension,
} from '@keyline/x509'

/** A certificate with its key, and what may be wrong with it. */
export interface Named {
  readonly der: Uint8Array
  readonly pair: P256KeyPair
  readonly subject: Uint8Array
}

export interface NamedInput {
  readonly commonName: string
  /** Itself unless given. */
  readonly issuer?: Pick<Named, 'pair' | 'subject'> | undefined
  readonly pair?: P256KeyPair | undefined
  readonly notBefore?: string | undefined
  readonly notAfter?: string | undefined
  readonly extensions: readonly Extension[]
}

export const authorityExtensions: readonly Extension[] = [
  basicConstraints({ ca: true }),
  keyUsage(['keyCertSign']),
]
export const signerExtensions: readonly Extension[] = [
  basicConstraints({ ca: false }),
  keyUsage(['digitalSignature']),
]

/** A certificate of 2026 unless another period is given. */
export async function certify(input: NamedInput): Promise<Named> {
  const { commonName, pair = generateP256(), extensions } = input
  const { notBefore = '2026-01-01', notAfter = '2026-12-31' } = input
  const subject = name([{ type: Oid.commonName, value: commonName }])
  const issuer = input.issuer ?? { pair, subject }
  const der = await buildCertificate({
    serialNumber: Uint8Array.of(1),
    issuer: issuer.subject,
    subject,
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    publicKey: pair.publicKey,
    extensions,
    signer: keyPairSigner(issuer.pair),
  })
  return { der, pair, subject }
}
