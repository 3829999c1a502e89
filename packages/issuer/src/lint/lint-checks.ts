import { equalOctets, isKeylineError, toHex } from '@keyline/bytes'
import { p256Spki, type P256PublicKey } from '@keyline/crypto'
import {
  extensionOf,
  isSignedBy,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readKeyUsage,
  readSubjectKeyIdentifier,
  type AlgorithmIdentifier,
  type Certificate,
  type Extension,
} from '@keyline/x509'
import type { LintRule } from './lint-rules.ts'
import type { SubjectIds } from './subject-ids.ts'

/** A finished certificate and what it was ordered to be. */
export interface LintInput {
  /** X.509 DER. */
  readonly certificate: Uint8Array
  /** 65-octet point of the request. */
  readonly publicKey: Uint8Array
  /** Of the work order. */
  readonly vendorId: number
  readonly productId: number
}

/** A certificate with all that it is judged by. */
export interface LintedDac {
  readonly dac: Certificate
  readonly ids: SubjectIds
  readonly issuer: Certificate
  readonly issuerIds: SubjectIds
  readonly issuerKey: P256PublicKey
  readonly ordered: LintInput
}

export interface LintProblem {
  readonly field: string
  readonly value: string
  readonly message: string
}

export type LintCheck = (linted: LintedDac) => LintProblem | undefined

const largestCertificateOctets = 600
const largestSerialNumberOctets = 20
const keyIdentifierOctets = 20
const ecdsaWithSha256 = '1.2.840.10045.4.3.2'

const ExtensionType = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
} as const
const allowedExtensions: readonly string[] = Object.values(ExtensionType)

/** The invariants in the order of their numbers; LINT-01 is the parser's. */
export const lintChecks: readonly (readonly [LintRule, LintCheck])[] = [
  ['LINT-02', checkVersion],
  ['LINT-03', checkSerialNumber],
  ['LINT-04', checkAlgorithms],
  ['LINT-05', checkIssuer],
  ['LINT-06', checkSubject],
  ['LINT-07', checkIds],
  ['LINT-08', checkValidity],
  ['LINT-09', checkBasicConstraints],
  ['LINT-10', checkKeyUsage],
  ['LINT-11', checkSubjectKeyIdentifier],
  ['LINT-12', checkAuthorityKeyIdentifier],
  ['LINT-13', checkExtensions],
  ['LINT-14', checkSize],
  ['LINT-15', checkSignature],
  ['LINT-16', checkPublicKey],
]

function checkVersion({ dac }: LintedDac): LintProblem | undefined {
  return unless(dac.version === 3, 'version', String(dac.version), 'must be 3')
}

function checkSerialNumber({ dac: { serialNumber } }: LintedDac): LintProblem | undefined {
  const [first = 0] = serialNumber
  const isPositive = first < 0x80 && serialNumber.some((octet) => octet !== 0)
  const holds = isPositive && serialNumber.length <= largestSerialNumberOctets
  const message = `must be positive and have at most ${largestSerialNumberOctets} octets`
  return unless(holds, 'serialNumber', toHex(serialNumber), message)
}

function checkAlgorithms({ dac }: LintedDac): LintProblem | undefined {
  const algorithms = [dac.tbsSignatureAlgorithm, dac.signatureAlgorithm]
  const isRight = ({ oid, parameters }: AlgorithmIdentifier): boolean =>
    oid === ecdsaWithSha256 && parameters === undefined
  const value = algorithms.map(({ oid }) => oid).join(', ')
  const message = `must be ${ecdsaWithSha256} without parameters, in both places`
  return unless(algorithms.every(isRight), 'signatureAlgorithm', value, message)
}

function checkIssuer({ dac, issuer }: LintedDac): LintProblem | undefined {
  const holds = equalOctets(dac.issuer, issuer.subject)
  return unless(holds, 'issuer', toHex(dac.issuer), 'must be the subject of the PAI octet by octet')
}

function checkSubject({ dac, ids }: LintedDac): LintProblem | undefined {
  const problems = [ids.vendorId, ids.productId].flatMap((reading) =>
    reading.kind === 'id' ? [] : [reading.problem],
  )
  return unless(problems.length === 0, 'subject', toHex(dac.subject), problems.join('; '))
}

function checkIds({ ids, issuerIds, ordered }: LintedDac): LintProblem | undefined {
  if (ids.vendorId.kind !== 'id' || ids.productId.kind !== 'id') return undefined
  const actual = `${hexId(ids.vendorId.id)}/${hexId(ids.productId.id)}`
  if (ids.vendorId.id !== ordered.vendorId || ids.productId.id !== ordered.productId) {
    const wanted = `${hexId(ordered.vendorId)}/${hexId(ordered.productId)}`
    return { field: 'subject', value: actual, message: `the work order has ${wanted}` }
  }
  const { vendorId, productId } = issuerIds
  const agrees =
    vendorId.kind === 'id' &&
    vendorId.id === ids.vendorId.id &&
    (productId.kind === 'absent' || (productId.kind === 'id' && productId.id === ids.productId.id))
  return unless(agrees, 'subject', actual, 'the ids of the PAI do not agree with them')
}

function checkValidity({ dac, issuer }: LintedDac): LintProblem | undefined {
  const holds =
    dac.notBefore <= dac.notAfter &&
    dac.notBefore >= issuer.notBefore &&
    dac.notAfter <= issuer.notAfter
  const message = `must be in order and inside ${period(issuer)} of the PAI`
  return unless(holds, 'validity', period(dac), message)
}

function checkBasicConstraints({ dac }: LintedDac): LintProblem | undefined {
  return checkExtension(dac, 'basicConstraints', true, (value) => {
    const { ca, pathLength } = readBasicConstraints(value)
    return !ca && pathLength === undefined ? undefined : 'must be CA false without pathLen'
  })
}

function checkKeyUsage({ dac }: LintedDac): LintProblem | undefined {
  return checkExtension(dac, 'keyUsage', true, (value) => {
    const usages = readKeyUsage(value)
    const isAlone = usages.length === 1 && usages[0] === 'digitalSignature'
    return isAlone ? undefined : `is ${usages.join(', ')}, but must be digitalSignature alone`
  })
}

function checkSubjectKeyIdentifier({ dac }: LintedDac): LintProblem | undefined {
  return checkExtension(dac, 'subjectKeyIdentifier', false, (value) => {
    const { length } = readSubjectKeyIdentifier(value)
    return length === keyIdentifierOctets ? undefined : `has ${length} octets, not 20`
  })
}

function checkAuthorityKeyIdentifier({ dac, issuer }: LintedDac): LintProblem | undefined {
  return checkExtension(dac, 'authorityKeyIdentifier', false, (value) => {
    const keyId = readAuthorityKeyIdentifier(value)
    const extension = extensionOf(issuer, ExtensionType.subjectKeyIdentifier)
    const issuerKeyId = extension && readSubjectKeyIdentifier(extension.value)
    const holds =
      keyId !== undefined && issuerKeyId !== undefined && equalOctets(keyId, issuerKeyId)
    return holds ? undefined : 'must be the subjectKeyIdentifier of the PAI'
  })
}

function checkExtensions({ dac }: LintedDac): LintProblem | undefined {
  const types = dac.extensions.map(({ oid }) => oid)
  const holds =
    types.every((oid) => allowedExtensions.includes(oid)) && new Set(types).size === types.length
  const message = 'only the four of the profile may be there, each once'
  return unless(holds, 'extensions', types.join(', '), message)
}

function checkSize({ dac: { der } }: LintedDac): LintProblem | undefined {
  const holds = der.length <= largestCertificateOctets
  const message = `at most ${largestCertificateOctets} octets are allowed`
  return unless(holds, 'certificate', `${der.length} octets`, message)
}

function checkSignature({ dac, issuerKey }: LintedDac): LintProblem | undefined {
  const holds = isSignedBy(dac, issuerKey)
  const value = toHex(dac.signature.octets)
  return unless(holds, 'signature', value, 'does not verify with the key of the PAI')
}

function checkPublicKey({ dac, ordered }: LintedDac): LintProblem | undefined {
  const holds = equalOctets(dac.spki.der, p256Spki(ordered.publicKey))
  return unless(holds, 'subjectPublicKey', toHex(dac.spki.der), 'is not the key of the request')
}

/** The one extension of a type: there, critical as wanted, decodable, and right. */
function checkExtension(
  dac: Certificate,
  name: keyof typeof ExtensionType,
  critical: boolean,
  judge: (value: Uint8Array) => string | undefined,
): LintProblem | undefined {
  const extension = extensionOf(dac, ExtensionType[name])
  if (extension === undefined) {
    return { field: name, value: '', message: 'is missing, or there more than once' }
  }
  const message =
    extension.critical === critical
      ? refusal(extension, judge)
      : `must ${critical ? '' : 'not '}be critical`
  return message === undefined ? undefined : { field: name, value: toHex(extension.value), message }
}

function refusal(
  extension: Extension,
  judge: (value: Uint8Array) => string | undefined,
): string | undefined {
  try {
    return judge(extension.value)
  } catch (error) {
    if (isKeylineError(error)) return error.message
    throw error
  }
}

function unless(
  holds: boolean,
  field: string,
  value: string,
  message: string,
): LintProblem | undefined {
  return holds ? undefined : { field, value, message }
}

function hexId(id: number): string {
  return `0x${id.toString(16).toUpperCase().padStart(4, '0')}`
}

function period({ notBefore, notAfter }: Certificate): string {
  return `${notBefore.toISOString()} to ${notAfter.toISOString()}`
}
