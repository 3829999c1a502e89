import {
  chooseKey,
  authenticate,
  decodeEvidence,
  KeyCache,
  verifyChain,
  type CertificateTrust,
} from '@keyline/verifier'
import { fromHex } from '@keyline/bytes'
import { decodeToken } from '@keyline/eat'
import { parseCertificate } from '@keyline/x509'
import { caseOf, comparedMembers, refusalCode } from './attestation-case.ts'
import type { VectorCheck } from './case.ts'
import type { VectorReader } from './vector-reader.ts'

/** Inside the validity of all certificates of the vectors. */
const time = 1_750_000_000

/** Certificate chains of devices, and tokens under certified keys alone. */
export const check: VectorCheck = async (file) => {
  const vector = caseOf(file)
  const input = vector.object('input')
  switch (vector.text('check')) {
    case 'x509-chain':
      return [chainCase(vector, input)]
    case 'cose-x509':
      return [coseCase(vector, input)]
    default:
      return [tokenCase(vector, input)]
  }
}

function chainCase(vector: VectorReader, input: VectorReader) {
  const intermediates = input.has('intermediates_der_hex')
    ? input.texts('intermediates_der_hex')
    : []
  const chain = [input.octets('leaf_der_hex'), ...intermediates.map((hex) => fromHex(hex))]
  const trust = trustOf(input)
  const reasonAt = (seconds: number) => refusalCode(() => verifyChain(chain, trust, seconds))
  const times = input.has('times')
    ? input.texts('times').map((text) => Date.parse(text) / 1000)
    : []
  const reasons = (times.length === 0 ? [time] : times).map(reasonAt)
  return comparedMembers(vector, {
    chain_valid: () => reasons.every((reason) => reason === undefined),
    chain_valid_at: () => reasons.map((reason) => reason === undefined),
    reason: () => reasons.find((reason) => reason !== undefined),
  })
}

function tokenCase(vector: VectorReader, input: VectorReader) {
  const decoded = decodeEvidence(input.octets('cose_hex'))
  if (!decoded.isSound) {
    return comparedMembers(vector, { valid: () => false, reason: () => decoded.refusal.code })
  }
  const { token } = decoded
  const chosen = chooseKey(token, {
    anchor: undefined,
    trust: trustOf(input),
    time,
    cache: new KeyCache(0),
  })
  const refusal = chosen.isKnown
    ? authenticate(token, chosen.key, token.claims.nonce)
    : chosen.refusal
  const origin = chosen.isKnown && chosen.origin.kind === 'certified' ? chosen.origin : undefined
  return comparedMembers(vector, {
    valid: () => refusal === undefined,
    reason: () => refusal?.code,
    trust_anchor: () => (origin === undefined ? undefined : 'x509'),
    instance_id_derivation: () => origin?.forms[0],
  })
}

/** A message of several signers is no evidence. */
function coseCase(vector: VectorReader, input: VectorReader) {
  return comparedMembers(vector, {
    evidence_reason: () => refusalCode(() => decodeToken(input.octets('cose_hex'))),
  })
}

function trustOf(input: VectorReader): CertificateTrust {
  return {
    anchors: input
      .texts('anchors_der_hex')
      .map((hex) => ({ certificate: parseCertificate(fromHex(hex)) })),
  }
}
