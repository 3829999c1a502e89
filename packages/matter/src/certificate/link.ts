import { equalOctets } from '@keyline/bytes'
import {
  extensionOf,
  Oid,
  readAuthorityKeyIdentifier,
  readSubjectKeyIdentifier,
  X509Error,
  type Certificate,
} from '@keyline/x509/read'

/** What breaks a chain (matter-factory-data 10.4), in the order in which it is reported. */
export const chainProblems = {
  'DAC-ISSUER': 'names or key identifiers of DAC and PAI disagree',
  'DAC-SIGNATURE': 'the DAC is not signed by the key of the PAI',
  'PAI-ISSUER': 'names or key identifiers of PAI and PAA disagree',
  'PAI-SIGNATURE': 'the PAI is not signed by the key of the PAA',
  'PAI-VALIDITY': 'the PAI is not valid at the notBefore of the DAC',
  'PAA-VALIDITY': 'the PAA is not valid at the notBefore of the DAC',
} as const
export type ChainProblem = keyof typeof chainProblems

export interface AttestationChain {
  readonly dac: Certificate
  readonly pai: Certificate
  readonly paa: Certificate
}

/** Problems that show without a signature: names, key identifiers and validity. None does not yet mean that the chain holds. */
export function checkLinks(chain: AttestationChain): readonly ChainProblem[] {
  const { dac, pai, paa } = chain
  const problems: ChainProblem[] = []
  if (!isIssuer(pai, dac)) problems.push('DAC-ISSUER')
  if (!isIssuer(paa, pai)) problems.push('PAI-ISSUER')
  return [...problems, ...checkIssuerValidity(chain)]
}

/** True when the names agree, and the key identifiers that both certificates must have. */
export function isIssuer(issuer: Certificate, child: Certificate): boolean {
  const childKeyId = authorityKeyIdOf(child)
  const issuerKeyId = subjectKeyIdOf(issuer)
  return (
    equalOctets(child.issuer, issuer.subject) &&
    childKeyId !== undefined &&
    issuerKeyId !== undefined &&
    equalOctets(childKeyId, issuerKeyId)
  )
}

/** The issuers must be valid when the DAC begins, not now. */
export function checkIssuerValidity(chain: AttestationChain): readonly ChainProblem[] {
  const { dac, pai, paa } = chain
  const problems: ChainProblem[] = []
  const begin = dac.notBefore.getTime()
  if (!isValidAt(pai, begin)) problems.push('PAI-VALIDITY')
  if (!isValidAt(paa, begin)) problems.push('PAA-VALIDITY')
  return problems
}

/** @param time milliseconds since 1970; both ends of the validity belong to it */
export function isValidAt(certificate: Certificate, time: number): boolean {
  const { notBefore, notAfter } = certificate
  return notBefore.getTime() <= time && time < notAfter.getTime() + 1000
}

/** Subject key identifier, when there is exactly one and it can be read. */
export function subjectKeyIdOf(certificate: Certificate): Uint8Array | undefined {
  return keyIdOf(certificate, Oid.subjectKeyIdentifier, readSubjectKeyIdentifier)
}

/** Key identifier of the issuer, when there is exactly one and it can be read. */
export function authorityKeyIdOf(certificate: Certificate): Uint8Array | undefined {
  return keyIdOf(certificate, Oid.authorityKeyIdentifier, readAuthorityKeyIdentifier)
}

function keyIdOf(
  certificate: Certificate,
  oid: string,
  read: (value: Uint8Array) => Uint8Array | undefined,
): Uint8Array | undefined {
  const extension = extensionOf(certificate, oid)
  if (extension === undefined) return undefined
  try {
    return read(extension.value)
  } catch (error) {
    if (error instanceof X509Error) return undefined
    throw error
  }
}
