import type { Random } from '@keyline/bytes'
import { CryptoError, keyPairSigner, p256FromScalar, type P256KeyPair } from '@keyline/crypto'
import { checkPaa, checkPai, MatterOid } from '@keyline/matter'
import {
  authorityKeyIdentifier,
  basicConstraints,
  buildCertificate,
  keyIdentifier,
  keyUsage,
  name,
  noExpiry,
  Oid,
  subjectKeyIdentifier,
  type NameInput,
} from '@keyline/x509'
import { fourDigits } from '../build/dac-name.ts'
import { drawSerialNumber } from '../build/serial-number.ts'
import { IssuerError } from '../errors.ts'

export interface PkiInput {
  /** 1 … 0xFFFE; stands in the PAI. */
  readonly vendorId: number
  /** Binds the PAI to one product; without it the PAI serves every product of the vendor. */
  readonly productId?: number | undefined
  readonly commonNames?:
    | { readonly paa?: string | undefined; readonly pai?: string | undefined }
    | undefined
  /** Start of both validities; whole seconds count. */
  readonly notBefore: Readonly<Date>
  /** End of both; without it they have none. */
  readonly notAfter?: Readonly<Date> | undefined
  /** Source of keys and serial numbers. */
  readonly random: Random
}

/** A CA certificate and the key that belongs to it. */
export interface CertifiedKey {
  /** X.509 DER. */
  readonly certificate: Uint8Array
  readonly keyPair: P256KeyPair
}

export interface Pki {
  readonly paa: CertifiedKey
  readonly pai: CertifiedKey
}

/**
 * Makes a root (PAA) and an intermediate (PAI) of the profile in matter 10.2. Nothing is written anywhere.
 * @throws IssuerError `ISSUER_PKI_INPUT`
 */
export async function createPki(input: PkiInput): Promise<Pki> {
  requireId('vendorId', input.vendorId)
  if (input.productId !== undefined) requireId('productId', input.productId)
  if (!(input.notBefore <= (input.notAfter ?? noExpiry))) {
    throw new IssuerError('ISSUER_PKI_INPUT', 'notBefore is after notAfter, or no time')
  }
  const vendor = fourDigits(input.vendorId)
  const paaName = name([
    { type: Oid.commonName, value: input.commonNames?.paa ?? `Keyline PAA ${vendor}` },
  ])
  const paiAttributes: NameInput[] = [
    { type: Oid.commonName, value: input.commonNames?.pai ?? `Keyline PAI ${vendor}` },
    { type: MatterOid.vendorId, value: vendor },
  ]
  if (input.productId !== undefined) {
    paiAttributes.push({ type: MatterOid.productId, value: fourDigits(input.productId) })
  }
  const paaKey = drawKeyPair(input.random)
  const paiKey = drawKeyPair(input.random)
  const paa = { subject: paaName, keyPair: paaKey }
  const paaCertificate = await certify(input, { subject: paa, issuer: paa, pathLength: 1 })
  const paiCertificate = await certify(input, {
    subject: { subject: name(paiAttributes), keyPair: paiKey },
    issuer: paa,
    pathLength: 0,
  })
  requireProfile('PAA', checkPaa(paaCertificate))
  requireProfile('PAI', checkPai(paiCertificate))
  return {
    paa: { certificate: paaCertificate, keyPair: paaKey },
    pai: { certificate: paiCertificate, keyPair: paiKey },
  }
}

interface NamedKey {
  readonly subject: Uint8Array
  readonly keyPair: P256KeyPair
}

interface CaInput {
  readonly subject: NamedKey
  readonly issuer: NamedKey
  readonly pathLength: number
}

function certify(input: PkiInput, ca: CaInput): Promise<Uint8Array> {
  const { subject, issuer, pathLength } = ca
  return buildCertificate({
    serialNumber: drawSerialNumber(input.random),
    issuer: issuer.subject,
    subject: subject.subject,
    notBefore: input.notBefore,
    notAfter: input.notAfter ?? noExpiry,
    publicKey: subject.keyPair.publicKey,
    extensions: [
      basicConstraints({ ca: true, pathLength }),
      keyUsage(['keyCertSign', 'cRLSign']),
      subjectKeyIdentifier(keyIdentifier(subject.keyPair.publicKey.point)),
      authorityKeyIdentifier(keyIdentifier(issuer.keyPair.publicKey.point)),
    ],
    signer: keyPairSigner(issuer.keyPair),
  })
}

/** A key from 32 drawn octets; the few values that are no scalar of P-256 are drawn again. */
function drawKeyPair(random: Random): P256KeyPair {
  for (;;) {
    const scalar = random.bytes(32)
    try {
      return p256FromScalar(scalar)
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error
    } finally {
      scalar.fill(0)
    }
  }
}

function requireId(field: string, id: number): void {
  if (Number.isInteger(id) && id >= 1 && id <= 0xffff) return
  throw new IssuerError('ISSUER_PKI_INPUT', `${field} is ${id}, but must be 1 to 65535`)
}

function requireProfile(role: string, problems: readonly string[]): void {
  if (problems.length === 0) return
  throw new IssuerError('ISSUER_PKI_INPUT', `the ${role} would violate ${problems.join(', ')}`)
}
