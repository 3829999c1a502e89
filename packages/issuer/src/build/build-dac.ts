import { describeFinding, equalOctets, toHex, type Finding } from '@keyline/bytes'
import type { P256PublicKey, Signer } from '@keyline/crypto'
import {
  authorityKeyIdentifier,
  basicConstraints,
  buildCertificate,
  keyIdentifier,
  keyUsage,
  subjectKeyIdentifier,
  type TbsInput,
} from '@keyline/x509'
import { IssuerError } from '../errors.ts'
import {
  commonNameProblem,
  dacName,
  fourDigits,
  type DacNameInput,
  type SubjectEncoding,
} from './dac-name.ts'
import { issuingFinding, type IssuingRule } from './issuing-rules.ts'
import type { Pai } from './pai.ts'

/** Everything that goes into one device certificate. */
export interface DacInput {
  readonly pai: Pai
  /** Holder of the PAI key. */
  readonly signer: Signer
  /** Key of the device. */
  readonly publicKey: P256PublicKey
  /** Unsigned, big endian. */
  readonly serialNumber: Uint8Array
  /** 1 to 64 characters, without `Mvid:` and `Mpid:`. */
  readonly commonName: string
  readonly vendorId: number
  readonly productId: number
  /** `oid` unless given. */
  readonly subjectEncoding?: SubjectEncoding | undefined
  /** Whole seconds count. */
  readonly notBefore: Readonly<Date>
  /** `9999-12-31T23:59:59Z` is a certificate without an end. */
  readonly notAfter: Readonly<Date>
  /** Wall time: an expired PAI signs nothing. */
  readonly now: Readonly<Date>
  /** True when the PAI is on a revocation list that the caller keeps. */
  readonly isPaiRevoked?: boolean | undefined
}

/** What stands in the certificate. */
export type DacTbsInput = Omit<DacInput, 'signer' | 'now' | 'isPaiRevoked'>

const fixedExtensions = [basicConstraints({ ca: false }), keyUsage(['digitalSignature'])]
const largestSerialNumberOctets = 20
const largestId = 0xffff

/** Violated rules that can be judged before anything is signed: ISS-01 … ISS-07 and ISS-09. Source: station 8.2. */
export function checkIssuing(input: DacInput): readonly Finding[] {
  return judge(checks, input)
}

/** What of a certificate differs from the others of a product. */
export type DacSubjectInput = DacNameInput & Pick<DacInput, 'serialNumber'>

/** The rules of these alone, ISS-06 and ISS-07, where the others were judged before. */
export function checkDacSubject(input: DacSubjectInput): readonly Finding[] {
  return judge(subjectChecks, input)
}

function judge<Input>(rules: Checks<Input>, input: Input): readonly Finding[] {
  return rules.flatMap(([rule, check]) => {
    const problem = check(input)
    return problem === undefined ? [] : [issuingFinding(rule, ...problem)]
  })
}

/**
 * DER of a device certificate, bit for bit as the specification prescribes. Source: station 8.2.
 * @throws IssuerError `ISSUER_RULE_BROKEN` when `checkIssuing` has findings
 */
export async function buildDac(input: DacInput): Promise<Uint8Array> {
  const findings = checkIssuing(input)
  if (findings.length > 0) {
    throw new IssuerError('ISSUER_RULE_BROKEN', findings.map(describeFinding).join(' | '))
  }
  return buildCertificate({ ...dacTbs(input), signer: input.signer })
}

/** All of a device certificate but its signature; no rule is judged. */
export function dacTbs(input: DacTbsInput): TbsInput {
  const { publicKey } = input
  return {
    serialNumber: input.serialNumber,
    issuer: input.pai.certificate.subject,
    subject: dacName(input),
    notBefore: input.notBefore,
    notAfter: input.notAfter,
    publicKey,
    extensions: [
      ...fixedExtensions,
      subjectKeyIdentifier(keyIdentifier(publicKey.point)),
      authorityKeyIdentifier(input.pai.keyId),
    ],
  }
}

/** Field, its value, and what is wrong with it. */
type Problem = readonly [field: string, value: string, message: string]

type Checks<Input> = readonly (readonly [IssuingRule, (input: Input) => Problem | undefined])[]

const subjectChecks: Checks<DacSubjectInput> = [
  ['ISS-06', serialNumberProblem],
  [
    'ISS-07',
    (input) => {
      const problem = commonNameProblem(input)
      return problem === undefined ? undefined : ['commonName', input.commonName, problem]
    },
  ],
]

const checks: Checks<DacInput> = [
  [
    'ISS-01',
    ({ pai }) =>
      pai.problems.length === 0
        ? undefined
        : ['PAI', pai.problems.join(','), 'it violates its profile'],
  ],
  [
    'ISS-02',
    ({ pai, signer }) =>
      equalOctets(signer.publicKey.point, pai.publicKey.point)
        ? undefined
        : ['PAI key', toHex(signer.publicKey.point), 'it belongs to another certificate'],
  ],
  [
    'ISS-03',
    ({ pai, vendorId }) =>
      isId(vendorId) && vendorId === pai.vendorId
        ? undefined
        : ['vendorId', hexId(vendorId), `the PAI has ${hexId(pai.vendorId)}`],
  ],
  [
    'ISS-04',
    ({ pai, productId }) =>
      isId(productId) && productId !== 0 && productId === (pai.productId ?? productId)
        ? undefined
        : ['productId', hexId(productId), `the PAI has ${hexId(pai.productId)}`],
  ],
  ['ISS-05', validityProblem],
  ...subjectChecks,
  [
    'ISS-09',
    ({ pai, now, isPaiRevoked }) => {
      if (isPaiRevoked === true) return ['PAI', toHex(pai.keyId), 'it is revoked']
      return now <= pai.certificate.notAfter
        ? undefined
        : ['PAI', isoTime(pai.certificate.notAfter), `it is expired at ${isoTime(now)}`]
    },
  ],
]

function validityProblem({ pai, notBefore, notAfter }: DacInput): Problem | undefined {
  if (!(notBefore <= notAfter)) {
    return ['notBefore', isoTime(notBefore), `it is after notAfter ${isoTime(notAfter)}`]
  }
  const { notBefore: start, notAfter: end } = pai.certificate
  if (notBefore >= start && notBefore <= end) return undefined
  const validity = `${isoTime(start)} to ${isoTime(end)}`
  return ['notBefore', isoTime(notBefore), `it is outside ${validity} of the PAI`]
}

function serialNumberProblem({ serialNumber }: DacSubjectInput): Problem | undefined {
  const start = serialNumber.findIndex((octet) => octet !== 0)
  const [first = 0] = serialNumber.subarray(start)
  const encoded = serialNumber.length - start + (first >= 0x80 ? 1 : 0)
  if (start >= 0 && encoded <= largestSerialNumberOctets) return undefined
  const message =
    start < 0 ? 'it is not positive' : `encoded it takes ${encoded} octets, 20 at most`
  return ['serialNumber', toHex(serialNumber), message]
}

function isId(id: number): boolean {
  return Number.isInteger(id) && id >= 0 && id <= largestId
}

function hexId(id: number | undefined): string {
  return id === undefined ? 'none' : `0x${fourDigits(id)}`
}

function isoTime(time: Readonly<Date>): string {
  return Number.isNaN(time.getTime()) ? 'no time' : time.toISOString()
}
