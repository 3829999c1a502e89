import type { JsonValue } from '@keyline/bytes'
import {
  decodeEar,
  earToJson,
  readEar,
  tierOf,
  trustClaims,
  type Appraisal,
  type AttestationResult,
} from '@keyline/eat'
import { quoted } from '../pki-findings.ts'
import { fieldsText } from '../stsafe-text.ts'
import type { Explanation } from './explanation.ts'

/** Explains a result; `proof` says whether its signature was looked at. */
export function explainResult(result: AttestationResult, proof: string): Explanation {
  const { dialect, issuedAt, expiresAt, verifierId, nonce, submods } = result
  const fields = {
    message: `attestation result (EAR), dialect ${dialect}`,
    signature: proof,
    verifier: `${quoted(verifierId.developer)}, ${quoted(verifierId.build)}`,
    issued: timeText(issuedAt),
    ...(expiresAt !== undefined && { 'valid until': timeText(expiresAt) }),
    ...(nonce !== undefined && { nonce: quoted(nonce) }),
  }
  return {
    what: 'result',
    isSound: true,
    text: `${fieldsText(fields)}${[...submods].map(([name, one]) => appraisalText(name, one)).join('')}`,
    document: {
      what: 'result',
      dialect,
      signature: proof,
      result: earToJson(result),
      findings: [],
    },
  }
}

/** A result in JSON or CBOR that nobody signed. @throws EatError `E_EAR_…`, `E_CBOR_…` */
export function unsignedResult(source: Uint8Array | JsonValue): AttestationResult {
  return source instanceof Uint8Array ? decodeEar(source) : readEar(source)
}

function appraisalText(name: string, appraisal: Appraisal): string {
  const { status, vector, policyIds, policyClaims } = appraisal
  const claims = trustClaims.flatMap((claim) => {
    const value = vector?.[claim]
    if (value === undefined || value === 0) return []
    return [`    ${claim.padEnd(18)}${String(value).padStart(4)}  ${tierOf(value)}\n`]
  })
  return [
    `\n  ${quoted(name)}  ${status}\n`,
    ...claims,
    ...(policyIds === undefined ? [] : [`    policy ${policyIds.map(quoted).join(', ')}\n`]),
    ...(policyClaims === undefined ? [] : [`    ${quoted(JSON.stringify(policyClaims))}\n`]),
  ].join('')
}

function timeText(seconds: number): string {
  const time = new Date(seconds * 1000)
  return Number.isNaN(time.getTime()) ? String(seconds) : time.toISOString()
}
