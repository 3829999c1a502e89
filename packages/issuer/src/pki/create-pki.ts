import { equalOctets, isKeylineError, toHex, type Random } from '@keyline/bytes'
import {
  CryptoError,
  keyPairSigner,
  p256FromScalar,
  type P256KeyPair,
  type P256PublicKey,
  type Signer,
} from '@keyline/crypto'
import {
  chainProblems,
  checkPaa,
  checkPai,
  checkPaiLink,
  matterIds,
  MatterOid,
} from '@keyline/matter'
import {
  authorityKeyIdentifier,
  basicConstraints,
  buildCertificate,
  extensionOf,
  keyIdentifier,
  keyUsage,
  name,
  noExpiry,
  Oid,
  parseCertificate,
  publicKeyOf,
  readSubjectKeyIdentifier,
  subjectKeyIdentifier,
  type Certificate,
  type NameInput,
} from '@keyline/x509'
import { fourDigits } from '../build/dac-name.ts'
import { drawSerialNumber } from '../build/serial-number.ts'
import { IssuerError } from '../errors.ts'

/** What a PAA and its PAI have in common. */
export interface CaInput {
  /** 1 … 0xFFFF; stands in the PAI. */
  readonly vendorId: number
  /** Start of the validity; whole seconds count. */
  readonly notBefore: Readonly<Date>
  /** End of it; without it there is none. */
  readonly notAfter?: Readonly<Date> | undefined
  /** Source of serial numbers, and of keys that are drawn. */
  readonly random: Random
}

export interface PaaInput extends CaInput {
  readonly commonName?: string | undefined
  /** Holder of the key of the PAA, which signs its own certificate. */
  readonly signer: Signer
}

export interface PaiInput extends CaInput {
  /** Binds the PAI to one product; without it the PAI serves every product of the vendor. */
  readonly productId?: number | undefined
  readonly commonName?: string | undefined
  readonly publicKey: P256PublicKey
  readonly paa: {
    /** X.509 DER. */
    readonly certificate: Uint8Array
    /** Holder of its key. */
    readonly signer: Signer
  }
}

export interface PkiInput extends CaInput {
  readonly productId?: number | undefined
  readonly commonNames?:
    | { readonly paa?: string | undefined; readonly pai?: string | undefined }
    | undefined
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
 * Makes a root (PAA) and an intermediate (PAI) of the profile in matter 10.2, with keys of this process. Nothing is
 * written anywhere. @throws IssuerError `ISSUER_PKI_INPUT`
 */
export async function createPki(input: PkiInput): Promise<Pki> {
  const { commonNames, productId, ...common } = input
  const paaKey = drawKeyPair(input.random)
  const paiKey = drawKeyPair(input.random)
  const signer = keyPairSigner(paaKey)
  const paa = await certifyPaa({ ...common, commonName: commonNames?.paa, signer })
  const pai = await certifyPai({
    ...common,
    productId,
    commonName: commonNames?.pai,
    publicKey: paiKey.publicKey,
    paa: { certificate: paa, signer },
  })
  return {
    paa: { certificate: paa, keyPair: paaKey },
    pai: { certificate: pai, keyPair: paiKey },
  }
}

/** DER of a new root, signed by its own key wherever that rests. @throws IssuerError `ISSUER_PKI_INPUT` */
export async function certifyPaa(input: PaaInput): Promise<Uint8Array> {
  requireInput(input)
  const { publicKey } = input.signer
  const commonName = input.commonName ?? `Keyline PAA ${fourDigits(input.vendorId)}`
  const subject = name([{ type: Oid.commonName, value: commonName }])
  const issuer = { subject, keyId: keyIdentifier(publicKey.point), signer: input.signer }
  const certificate = await certify(input, { subject, publicKey, issuer, pathLength: 1 })
  requireProfile('PAA', checkPaa(certificate))
  return certificate
}

/**
 * DER of a PAI under a PAA, new or old. It ends with its PAA where that ends sooner.
 * @throws IssuerError `ISSUER_PKI_INPUT`, also when the PAA is not one, its key not its own, or of another vendor
 */
export async function certifyPai(input: PaiInput): Promise<Uint8Array> {
  requireInput(input)
  const { vendorId, productId, publicKey } = input
  if (productId !== undefined) requireId('productId', productId)
  const paa = readPaa(input)
  const vendor = fourDigits(vendorId)
  const attributes: NameInput[] = [
    { type: Oid.commonName, value: input.commonName ?? `Keyline PAI ${vendor}` },
    { type: MatterOid.vendorId, value: vendor },
  ]
  if (productId !== undefined) {
    attributes.push({ type: MatterOid.productId, value: fourDigits(productId) })
  }
  const wanted = input.notAfter ?? noExpiry
  const notAfter = wanted < paa.notAfter ? wanted : paa.notAfter
  const certificate = await certify(
    { ...input, notAfter },
    {
      subject: name(attributes),
      publicKey,
      issuer: { subject: paa.subject, keyId: subjectKeyIdOf(paa), signer: input.paa.signer },
      pathLength: 0,
    },
  )
  requireProfile('PAI', checkPai(certificate))
  const broken = checkPaiLink(parseCertificate(certificate), paa)
  requireProfile(
    'PAI',
    broken.map((problem) => `${problem}: ${chainProblems[problem]}`),
  )
  return certificate
}

interface CertifiedSubject {
  readonly subject: Uint8Array
  readonly publicKey: P256PublicKey
  readonly issuer: {
    readonly subject: Uint8Array
    readonly keyId: Uint8Array
    readonly signer: Signer
  }
  readonly pathLength: number
}

function certify(input: CaInput, ca: CertifiedSubject): Promise<Uint8Array> {
  const { subject, publicKey, issuer, pathLength } = ca
  return buildCertificate({
    serialNumber: drawSerialNumber(input.random),
    issuer: issuer.subject,
    subject,
    notBefore: input.notBefore,
    notAfter: input.notAfter ?? noExpiry,
    publicKey,
    extensions: [
      basicConstraints({ ca: true, pathLength }),
      keyUsage(['keyCertSign', 'cRLSign']),
      subjectKeyIdentifier(keyIdentifier(publicKey.point)),
      authorityKeyIdentifier(issuer.keyId),
    ],
    signer: issuer.signer,
  })
}

/** The PAA that is to sign, judged before it does. */
function readPaa({ paa, vendorId, notBefore }: PaiInput): Certificate {
  requireProfile('PAA', checkPaa(paa.certificate))
  const certificate = parsePaa(paa.certificate)
  const key = publicKeyOf(certificate)
  if (key === undefined || !equalOctets(key.point, paa.signer.publicKey.point)) {
    const point = toHex(paa.signer.publicKey.point)
    throw new IssuerError('ISSUER_PKI_INPUT', `the key ${point} is not that of the PAA`)
  }
  const { vendorId: scope = vendorId } = matterIds(certificate.subject)
  if (scope !== vendorId) {
    const message = `the PAA is of vendor 0x${fourDigits(scope)}, the PAI of 0x${fourDigits(vendorId)}`
    throw new IssuerError('ISSUER_PKI_INPUT', message)
  }
  if (notBefore >= certificate.notBefore && notBefore <= certificate.notAfter) return certificate
  const { notBefore: start, notAfter: end } = certificate
  const message = `the PAI begins ${notBefore.toISOString()}, but its PAA is valid from ${start.toISOString()} to ${end.toISOString()}`
  throw new IssuerError('ISSUER_PKI_INPUT', message)
}

/** An older PAA may have drawn its identifier in another way than we do. */
function subjectKeyIdOf(paa: Certificate): Uint8Array {
  const extension = extensionOf(paa, Oid.subjectKeyIdentifier)
  if (extension !== undefined) return readSubjectKeyIdentifier(extension.value)
  throw new IssuerError('ISSUER_PKI_INPUT', 'the PAA has no subject key identifier')
}

function parsePaa(der: Uint8Array): Certificate {
  try {
    return parseCertificate(der)
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw new IssuerError('ISSUER_PKI_INPUT', `the PAA: ${cause.message}`, { cause })
  }
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

function requireInput({ vendorId, notBefore, notAfter }: CaInput): void {
  requireId('vendorId', vendorId)
  if (notBefore <= (notAfter ?? noExpiry)) return
  throw new IssuerError('ISSUER_PKI_INPUT', 'notBefore is after notAfter, or no time')
}

function requireId(field: string, id: number): void {
  if (Number.isInteger(id) && id >= 1 && id <= 0xffff) return
  throw new IssuerError('ISSUER_PKI_INPUT', `${field} is ${id}, but must be 1 to 65535`)
}

function requireProfile(role: string, problems: readonly string[]): void {
  if (problems.length === 0) return
  throw new IssuerError('ISSUER_PKI_INPUT', `the ${role} would violate ${problems.join(', ')}`)
}
