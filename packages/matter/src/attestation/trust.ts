import { toHex } from '@keyline/bytes'
import { parseCertificate, type Certificate } from '@keyline/x509'
import { checkPaiLink } from '../certificate/chain.ts'
import { authorityKeyIdOf, subjectKeyIdOf, type ChainProblem } from '../certificate/link.ts'
import { matterIds, type MatterIds } from '../certificate/matter-ids.ts'
import { checkPaa, parseOrUndefined, profileViolations } from '../certificate/profile.ts'
import type { CertificateViolation } from '../certificate/violation.ts'
import {
  verifyDeclaration,
  type DeclarationResult,
  type TrustPolicy,
} from '../declaration/declaration.ts'
import { declarationSigners, type DeclarationSigner } from '../declaration/signers.ts'
import { MatterError } from '../errors.ts'
import type { RevocationSet } from './revocation.ts'

/** What a commissioner believes. */
export interface TrustInput {
  /** PAA certificates in DER. */
  readonly paas: readonly Uint8Array[]
  /** `production` refuses declarations that the SDK test key signed. */
  readonly policy: TrustPolicy
  /** Signers of certification declarations; the published ones unless given. */
  readonly signers?: readonly DeclarationSigner[] | undefined
  readonly revocationSet?: RevocationSet | undefined
}

/** A trusted PAA, read once. */
export interface TrustedPaa {
  readonly certificate: Certificate
  readonly keyId: Uint8Array
  readonly ids: MatterIds
}

/** A PAI that satisfies its profile, with the PAA it names. */
export interface ExaminedPai {
  readonly ok: true
  readonly certificate: Certificate
  readonly ids: MatterIds
  readonly paa: TrustedPaa | undefined
  /** PAI-ISSUER and PAI-SIGNATURE alone. */
  readonly linkProblems: readonly ChainProblem[]
}

export interface RefusedPai {
  readonly ok: false
  readonly violations: readonly CertificateViolation[]
}

/** Entries each memory keeps: a line knows one PAI and one declaration, a repair shop a few dozen. */
const rememberedEntries = 64

/**
 * Trust anchors, prepared for many devices. What repeats from device to device (the PAI under its PAA, the declaration)
 * is examined once and remembered by its octets; a device then costs two signature verifications.
 */
export class Trust {
  readonly policy: TrustPolicy
  readonly revocationSet: RevocationSet | undefined
  readonly #paas: ReadonlyMap<string, readonly TrustedPaa[]>
  readonly #signers: readonly DeclarationSigner[]
  readonly #pais = new Map<string, ExaminedPai | RefusedPai>()
  readonly #declarations = new Map<string, DeclarationResult>()

  /** @see prepareTrust */
  constructor(input: TrustInput) {
    const { paas, policy, signers = declarationSigners, revocationSet } = input
    const byKeyId = new Map<string, TrustedPaa[]>()
    for (const [index, der] of paas.entries()) {
      const paa = trustedPaa(der, index)
      const keyId = toHex(paa.keyId)
      byKeyId.set(keyId, [...(byKeyId.get(keyId) ?? []), paa])
    }
    this.#paas = byKeyId
    this.#signers = signers
    this.policy = policy
    this.revocationSet = revocationSet
  }

  /** Profile, ids and PAA of a PAI. */
  pai(der: Uint8Array): ExaminedPai | RefusedPai {
    return remember(this.#pais, der, () => this.#examinePai(der))
  }

  /** Checks ATT-16 to ATT-20. */
  declaration(der: Uint8Array): DeclarationResult {
    return remember(this.#declarations, der, () =>
      verifyDeclaration(Uint8Array.from(der), { policy: this.policy, signers: this.#signers }),
    )
  }

  #examinePai(der: Uint8Array): ExaminedPai | RefusedPai {
    const certificate = parseOrUndefined(Uint8Array.from(der))
    if (certificate === undefined) return { ok: false, violations: ['CERT-DER'] }
    const violations = profileViolations(certificate, 'PAI')
    if (violations.length > 0) return { ok: false, violations }
    const paa = this.#paaOf(certificate)
    const linkProblems = paa === undefined ? [] : checkPaiLink(certificate, paa.certificate)
    const ids = matterIds(certificate.subject)
    return { ok: true, certificate, ids, paa, linkProblems }
  }

  /** Of several PAAs with the same key, the one whose certificate issued the PAI. */
  #paaOf(pai: Certificate): TrustedPaa | undefined {
    const keyId = authorityKeyIdOf(pai)
    const candidates = keyId === undefined ? [] : (this.#paas.get(toHex(keyId)) ?? [])
    const issuer = candidates.find(({ certificate }) => checkPaiLink(pai, certificate).length === 0)
    return issuer ?? candidates[0]
  }
}

/**
 * Prepares trust anchors, policy and revocation set for {@link verifyAttestation}.
 * @throws MatterError `TRUST_UNUSABLE` when a PAA breaks its profile
 */
export function prepareTrust(input: TrustInput): Trust {
  return new Trust(input)
}

function trustedPaa(der: Uint8Array, index: number): TrustedPaa {
  const [violation] = checkPaa(der)
  if (violation !== undefined) {
    throw new MatterError('TRUST_UNUSABLE', `PAA ${index + 1} breaks its profile: ${violation}`)
  }
  const certificate = parseCertificate(Uint8Array.from(der))
  const keyId = subjectKeyIdOf(certificate)
  const ids = matterIds(certificate.subject)
  if (keyId === undefined || ids.problem !== undefined) {
    throw new MatterError(
      'TRUST_UNUSABLE',
      `PAA ${index + 1}: ${ids.problem ?? 'no key identifier'}`,
    )
  }
  return { certificate, keyId, ids }
}

function remember<T>(memory: Map<string, T>, octets: Uint8Array, examine: () => T): T {
  const key = Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1')
  const known = memory.get(key)
  if (known !== undefined) return known
  const result = examine()
  const [oldest] = memory.keys()
  if (memory.size >= rememberedEntries && oldest !== undefined) memory.delete(oldest)
  memory.set(key, result)
  return result
}
