import { equalOctets, isKeylineError, toHex, type Clock, type Random } from '@keyline/bytes'
import { sha256, verifyP256Der, type Signer } from '@keyline/crypto'
import type { Policy } from '@keyline/ledger/records'
import { chainProblems, checkPaiLink, profileViolations } from '@keyline/matter'
import { parseCertificate, type Certificate } from '@keyline/x509'
import { readPai, type Pai } from '../build/pai.ts'
import { IssuerError } from '../errors.ts'
import { readLintIssuer } from '../lint/lint-certificate.ts'
import type { LintIssuer } from '../lint/lint-problem.ts'
import { guardedSigner } from '../signer/guarded-signer.ts'
import type { SignatureVerifier } from '../verify/signature-verifier.ts'
import { productionProblems } from './production-policy.ts'

/** A PAI with the PAA above it, and who holds its key. */
export interface CertificateAuthority {
  /** Holder of the PAI key. */
  readonly signer: Signer
  /** X.509 DER. */
  readonly pai: Uint8Array
  readonly paa: Uint8Array
}

/** One that may be retired: without a signer it stands for what it has issued, and issues nothing more. */
export type FurtherAuthority = Omit<CertificateAuthority, 'signer'> & {
  readonly signer?: Signer | undefined
}

export interface AuthorityInput extends FurtherAuthority {
  readonly policy: Policy
  readonly clock: Clock
  readonly random: Random
  readonly signTimeoutMs: number
  readonly verifier: SignatureVerifier
}

/** PAA, PAI and key that were judged together, and all that is prepared once for them. */
export interface Authority {
  readonly pai: Pai
  /** Subject key identifier of the PAI, lower-case hexadecimal. */
  readonly keyId: string
  /** X.509 DER. */
  readonly paa: Uint8Array
  /** Absent where the PAI is retired. */
  readonly signer: Signer | undefined
  /** The PAI, as the lint reads it. */
  readonly lintIssuer: LintIssuer
  /** SHA-256 of the SubjectPublicKeyInfo of PAI and PAA: no device may have these keys. */
  readonly caKeys: readonly string[]
}

/**
 * Judges PAA, PAI and key, and lets the signer sign a probe that is verified.
 * @throws IssuerError `ISSUER_PAI_UNUSABLE` with all problems, `ISSUER_POLICY_REFUSES`, `ISSUER_SIGNER_FAILED`
 */
export async function prepareAuthority(input: AuthorityInput): Promise<Authority> {
  const pai = readPai(input.pai)
  const paa = readPaa(input.paa)
  const problems = [
    ...paa.problems.map((problem) => `the PAA violates ${problem}`),
    ...pai.problems.map((problem) => `the PAI violates ${problem}`),
    ...(input.signer === undefined ? [] : keyProblems(pai, input.signer, input.clock)),
  ]
  if (problems.length === 0) {
    const broken = checkPaiLink(pai.certificate, paa.certificate)
    problems.push(...broken.map((problem) => `${problem}: ${chainProblems[problem]}`))
  }
  if (problems.length > 0) throw new IssuerError('ISSUER_PAI_UNUSABLE', problems.join('; '))

  const paaSpkiSha256 = toHex(sha256(paa.certificate.spki.der))
  return {
    pai,
    keyId: toHex(pai.keyId),
    paa: input.paa,
    signer: await prepareSigner(input, pai, paaSpkiSha256),
    lintIssuer: readLintIssuer(input.pai, 'PAI'),
    caKeys: [pai.spkiSha256, paaSpkiSha256],
  }
}

function keyProblems(pai: Pai, signer: Signer, clock: Clock): readonly string[] {
  const problems = dateProblems(pai, new Date(clock.now()))
  if (equalOctets(signer.publicKey.point, pai.publicKey.point)) return problems
  return [...problems, 'the key belongs to another certificate than the PAI (ISS-02)']
}

async function prepareSigner(
  input: AuthorityInput,
  pai: Pai,
  paaSpkiSha256: string,
): Promise<Signer | undefined> {
  if (input.signer === undefined) return undefined
  if (input.policy === 'production') {
    const refusals = productionProblems({ signer: input.signer, pai, paaSpkiSha256 })
    if (refusals.length > 0) throw new IssuerError('ISSUER_POLICY_REFUSES', refusals.join('; '))
  }
  const { clock, signTimeoutMs: timeoutMs, verifier } = input
  const signer = guardedSigner({ signer: input.signer, clock, timeoutMs, verifier })
  await probe(signer, input.random)
  return signer
}

/** A signature that nobody can have prepared, verified before the first real one. */
async function probe(signer: Signer, random: Random): Promise<void> {
  const message = random.bytes(32)
  const signature = await signer.sign(message)
  if (verifyP256Der({ publicKey: signer.publicKey, message, signature })) return
  throw new IssuerError('ISSUER_SIGNER_FAILED', 'the first signature of the signer does not verify')
}

function readPaa(der: Uint8Array): {
  readonly certificate: Certificate
  readonly problems: readonly string[]
} {
  try {
    const certificate = parseCertificate(der)
    return { certificate, problems: profileViolations(certificate, 'PAA') }
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw new IssuerError('ISSUER_PAI_UNUSABLE', `the PAA: ${cause.message}`, { cause })
  }
}

function dateProblems(pai: Pai, now: Readonly<Date>): readonly string[] {
  const { notBefore, notAfter } = pai.certificate
  if (now > notAfter) return [`the PAI is expired since ${notAfter.toISOString()} (ISS-09)`]
  if (now < notBefore) {
    return [`the PAI is valid from ${notBefore.toISOString()}, but it is ${now.toISOString()}`]
  }
  return []
}
