import { fromHex, toHex } from '@keyline/bytes'
import { p256FromScalar } from '@keyline/crypto'
import {
  checkChain,
  checkDac,
  checkPaa,
  checkPai,
  matterIds,
  type CertificateViolation,
} from '@keyline/matter'
import { checkLinks } from '@keyline/matter/decode'
import { isSignedBy, Oid, parseCertificate, publicKeyOf, type Certificate } from '@keyline/x509'
import type { CaseResult, VectorCheck } from './case.ts'
import { certificatesOf, describeCertificate } from './matter-certificates.ts'
import { casesOf, compared, type VectorReader } from './vector-reader.ts'

const issuersFile = 'matter/chains/paa-pai.json'
const devicesFile = 'matter/chains/dac.json'

/** Attestation certificates and their chains (`chains/dac.json`, `chains/paa-pai.json`, `chains/triples.json`). */
export const check: VectorCheck = async (file) => {
  const issuers = await certificatesOf(file, issuersFile)
  if (file.path === issuersFile || file.path === devicesFile) {
    return casesOf(file).map((vector) => certificateCase(vector, issuers))
  }
  if (file.path.endsWith('triples.json')) {
    const devices = await certificatesOf(file, devicesFile)
    return casesOf(file).map((vector) => tripleCase(vector, new Map([...issuers, ...devices])))
  }
  throw new TypeError(`${file.path} is no file of chains vectors that is known here`)
}

const profiles: Readonly<Record<string, (der: Uint8Array) => readonly CertificateViolation[]>> = {
  PAA: checkPaa,
  PAI: checkPai,
  DAC: checkDac,
}

/** Compares every decoded member, the violations, and which of the known issuers signed. */
function certificateCase(
  vector: VectorReader,
  issuers: ReadonlyMap<string, Certificate>,
): CaseResult {
  const certificate = parseCertificate(vector.octets('der'))
  const ids = matterIds(certificate.subject)
  const checkProfile = profiles[vector.text('role')]
  const signers = [...issuers].filter(([, issuer]) => isIssuedBy(certificate, issuer))
  const isRoot = isIssuedBy(certificate, certificate)
  const actual = {
    serial: toHex(certificate.serialNumber).replace(/^00(?=.)/, ''),
    vendorId: ids.vendorId ?? null,
    productId: ids.productId ?? null,
    idEncoding: ids.problem ?? ids.encoding,
    ...describeCertificate(certificate),
    derLength: certificate.der.length,
    profileProblems: checkProfile?.(certificate.der) ?? 'an unknown role',
    hasCrlDistributionPoint: certificate.extensions.some(
      ({ oid }) => oid === Oid.crlDistributionPoints,
    ),
    issuers: isRoot ? [] : signers.map(([id]) => id).toSorted(),
    privateKeyFits: isKeyOf(vector.raw('privateKey'), vector.text('publicKey')),
  }
  const expected = {
    ...Object.fromEntries(Object.keys(actual).map((name) => [name, vector.raw(name)])),
    issuers: vector.texts('issuers').toSorted(),
    privateKeyFits: true,
  }
  return compared(vector.id, JSON.stringify(expected), JSON.stringify(actual))
}

/** The verdict; then what shows of it without a signature. */
function tripleCase(
  vector: VectorReader,
  certificates: ReadonlyMap<string, Certificate>,
): CaseResult {
  const named = (role: string): Certificate => {
    const certificate = certificates.get(vector.text(role))
    if (certificate === undefined) throw new TypeError(`${vector.text(role)} is not in the set`)
    return certificate
  }
  const chain = { dac: named('dac'), pai: named('pai'), paa: named('paa') }
  const problems = checkChain(chain)
  const verdict = [problems.length === 0, ...problems].join(' ')
  const expected = [vector.flag('valid'), ...vector.texts('problems')].join(' ')
  if (verdict !== expected) return compared(vector.id, expected, verdict)
  const unsigned = problems.filter((problem) => !problem.endsWith('-SIGNATURE'))
  return compared(vector.id, unsigned.join(' '), checkLinks(chain).join(' '))
}

/** Name and signature: a certificate that was issued again under another key identifier still counts. */
function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  const publicKey = publicKeyOf(issuer)
  return (
    toHex(certificate.issuer) === toHex(issuer.subject) &&
    publicKey !== undefined &&
    isSignedBy(certificate, publicKey)
  )
}

/** True also where the vector has no private key. */
function isKeyOf(scalar: unknown, point: string): boolean {
  if (typeof scalar !== 'string') return true
  return toHex(p256FromScalar(fromHex(scalar)).publicKey.point) === point
}
