import { describeFinding, equalOctets, isKeylineError } from '@keyline/bytes'
import { assembleCertificate, contextConstructed, DerReader, parseCrl } from '@keyline/x509'
import { readPai } from '../build/pai.ts'
import { IssuerError } from '../errors.ts'
import { lintWith, readLintIssuer } from '../lint/lint-certificate.ts'
import { issuedDac } from '../lint/lint-profile.ts'
import { issuedDacChecks } from '../lint/role-checks.ts'

/** What a holder of a PAI key is asked to sign. A probe is 32 octets, too few for any certificate, list or request. */
export type SigningPurpose = 'certificate' | 'list' | 'probe'

/** @throws IssuerError `ISSUER_SIGNER_REFUSED` for all else */
export type SigningCheck = (toBeSigned: Uint8Array) => SigningPurpose

const probeLength = 32

/** In the place of the signature while the rest is looked at; as long as most signatures are. */
const noSignature = new Uint8Array(70)

/** Everything that the lint demands of a device certificate but its signature, which does not exist yet. */
const checks = issuedDacChecks.filter(([rule]) => rule !== 'LINT-15')

/**
 * Judges what a holder of a PAI key is asked to sign. It signs device certificates of this PAI that pass the lint, and its lists of
 * revoked certificates. What would be a CA certificate, or of another issuer, is refused, whoever asks for it.
 * @param pai X.509 DER. @throws IssuerError `ISSUER_PAI_UNUSABLE`
 */
export function createSigningCheck(pai: Uint8Array): SigningCheck {
  const { certificate, keyId } = readPai(pai)
  const issuer = readLintIssuer(pai, 'PAI')
  const judge = { profile: issuedDac, checks, unreadable: 'LINT-01' } as const
  return (toBeSigned) => {
    if (toBeSigned.length === probeLength) return 'probe'
    const der = assembleCertificate(toBeSigned, noSignature)
    if (!isCertificate(toBeSigned)) {
      requireList(der, { issuer: certificate.subject, keyId })
      return 'list'
    }
    const findings = lintWith(judge, der, { issuer, ordered: {} })
    if (findings.length === 0) return 'certificate'
    throw refusal(findings.map(describeFinding).join(' | '))
  }
}

/** A certificate of version 3 begins with its version under a tag, a list of version 2 with its version alone. */
function isCertificate(toBeSigned: Uint8Array): boolean {
  try {
    return new DerReader(toBeSigned).sequence('toBeSigned').isNext(contextConstructed(0))
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw refusal('it is neither a certificate nor a list', cause)
  }
}

function requireList(
  der: Uint8Array,
  own: { readonly issuer: Uint8Array; readonly keyId: Uint8Array },
): void {
  const list = parseList(der)
  if (!equalOctets(list.issuer, own.issuer)) throw refusal('it is a list of another issuer')
  if (list.authorityKeyId === undefined || !equalOctets(list.authorityKeyId, own.keyId)) {
    throw refusal('it is a list under another key')
  }
}

function parseList(der: Uint8Array): ReturnType<typeof parseCrl> {
  try {
    return parseCrl(der)
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw refusal(`it is neither a certificate nor a list: ${cause.message}`, cause)
  }
}

function refusal(why: string, cause?: unknown): IssuerError {
  return new IssuerError('ISSUER_SIGNER_REFUSED', `nothing was signed: ${why}`, { cause })
}
