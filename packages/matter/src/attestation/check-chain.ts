import { toHexUpper } from '@keyline/bytes'
import type { P256PublicKey } from '@keyline/crypto'
import { publicKeyOf, type Certificate } from '@keyline/x509'
import { checkDacLink } from '../certificate/chain.ts'
import {
  authorityKeyIdOf,
  chainProblems,
  checkIssuerValidity,
  isValidAt,
} from '../certificate/link.ts'
import { matterIds, type MatterIds } from '../certificate/matter-ids.ts'
import { parseOrUndefined, profileViolations } from '../certificate/profile.ts'
import { certificateViolations, type CertificateViolation } from '../certificate/violation.ts'
import { failed, idText, type AttestationFailure } from './result.ts'
import { checkRevocation } from './revocation.ts'
import type { ExaminedPai, Trust, TrustedPaa } from './trust.ts'

/** DAC and PAI, read and found to be for the same vendor and product. */
export interface Identity {
  readonly ok: true
  readonly dac: Certificate
  readonly dacKey: P256PublicKey
  readonly dacIds: MatterIds
  readonly pai: ExaminedPai
}

/** The chain ends in this PAA. */
export interface TrustedChain {
  readonly ok: true
  readonly paa: TrustedPaa
  readonly suspiciousRevocations: readonly string[]
}

/** ATT-02 to ATT-07: profiles, ids, and that they agree. */
export function checkIdentity(
  dacDer: Uint8Array,
  paiDer: Uint8Array,
  trust: Trust,
): Identity | AttestationFailure {
  const pai = trust.pai(paiDer)
  if (!pai.ok) return profileFailure('ATT-02', pai.violations)
  const dac = parseOrUndefined(dacDer)
  if (dac === undefined) return profileFailure('ATT-03', ['CERT-DER'])
  const violations = profileViolations(dac, 'DAC')
  const dacKey = publicKeyOf(dac)
  if (violations.length > 0 || dacKey === undefined) return profileFailure('ATT-03', violations)

  const dacIds = matterIds(dac.subject)
  if (dacIds.problem !== undefined) {
    return failed('ATT-04', 'kDacFormatInvalid', { message: `DAC: ${dacIds.problem}` })
  }
  if (pai.ids.problem !== undefined) {
    return failed('ATT-04', 'kPaiFormatInvalid', { message: `PAI: ${pai.ids.problem}` })
  }
  if (pai.ids.vendorId === undefined || pai.ids.vendorId !== dacIds.vendorId) {
    const fields = { 'DAC VID': idText(dacIds.vendorId), 'PAI VID': idText(pai.ids.vendorId) }
    return failed('ATT-05', 'kDacVendorIdMismatch', { message: 'the vendors disagree', fields })
  }
  if (dacIds.productId === undefined) {
    const fields = { 'DAC PID': 'none' }
    return failed('ATT-06', 'kDacProductIdMismatch', { message: 'the DAC has no product', fields })
  }
  if (pai.ids.productId !== undefined && pai.ids.productId !== dacIds.productId) {
    const fields = { 'DAC PID': idText(dacIds.productId), 'PAI PID': idText(pai.ids.productId) }
    return failed('ATT-07', 'kDacProductIdMismatch', { message: 'the products disagree', fields })
  }
  return { ok: true, dac, dacKey, dacIds, pai }
}

/** ATT-09 to ATT-13: a trusted PAA, validity, the links of the chain, revocation. */
export function checkTrust(
  identity: Identity,
  trust: Trust,
  time: number,
): TrustedChain | AttestationFailure {
  const { dac, pai } = identity
  const { paa } = pai
  if (paa === undefined) {
    const fields = { 'PAI issuer key': keyIdText(authorityKeyIdOf(pai.certificate)) }
    return failed('ATT-09', 'kPaaNotFound', { message: 'no trusted PAA has this key', fields })
  }
  if (paa.ids.vendorId !== undefined && paa.ids.vendorId !== pai.ids.vendorId) {
    const fields = { 'PAI VID': idText(pai.ids.vendorId), 'PAA VID': idText(paa.ids.vendorId) }
    return failed('ATT-10', 'kPaiVendorIdMismatch', { message: 'the vendors disagree', fields })
  }
  if (paa.ids.productId !== undefined) {
    const fields = { 'PAA PID': idText(paa.ids.productId) }
    return failed('ATT-10', 'kPaaFormatInvalid', { message: 'the PAA names a product', fields })
  }
  if (!isValidAt(dac, time)) {
    const fields = {
      'DAC notBefore': dac.notBefore.toISOString(),
      'DAC notAfter': dac.notAfter.toISOString(),
      now: new Date(time).toISOString(),
    }
    return failed('ATT-11', 'kDacExpired', { message: 'the DAC is not valid now', fields })
  }
  const chain = { dac, pai: pai.certificate, paa: paa.certificate }
  const problems = [
    ...checkDacLink(dac, pai.certificate),
    ...pai.linkProblems,
    ...checkIssuerValidity(chain),
  ]
  if (problems.length > 0) {
    const message = problems.map((problem) => `${problem}: ${chainProblems[problem]}`).join('; ')
    return failed('ATT-12', 'kDacSignatureInvalid', {
      message,
      fields: { chain: problems.join(',') },
    })
  }
  if (trust.revocationSet === undefined) return { ok: true, paa, suspiciousRevocations: [] }
  const { dacRevoked, paiRevoked, sdkResult, suspicious } = checkRevocation(
    chain,
    trust.revocationSet,
  )
  if (sdkResult !== 'kSuccess') {
    const serials = {
      ...(dacRevoked && { 'DAC serial': toHexUpper(dac.serialNumber) }),
      ...(paiRevoked && { 'PAI serial': toHexUpper(pai.certificate.serialNumber) }),
    }
    return failed('ATT-13', sdkResult, { message: 'a certificate is revoked', fields: serials })
  }
  return { ok: true, paa, suspiciousRevocations: suspicious }
}

function profileFailure(
  check: 'ATT-02' | 'ATT-03',
  violations: readonly CertificateViolation[],
): AttestationFailure {
  const role = check === 'ATT-02' ? 'PAI' : 'DAC'
  const sdkResult = check === 'ATT-02' ? 'kPaiFormatInvalid' : 'kDacFormatInvalid'
  const reasons = violations.map((violation) => certificateViolations[violation])
  return failed(check, sdkResult, { message: `${role}: ${reasons.join('; ')}`, violations })
}

function keyIdText(keyId: Uint8Array | undefined): string {
  return keyId === undefined ? 'none' : toHexUpper(keyId)
}
