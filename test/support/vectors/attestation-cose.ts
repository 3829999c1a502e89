import { toHex } from '@keyline/bytes'
import { curveKeyPair, signMessage } from '@keyline/crypto'
import {
  coseAlgorithm,
  encodeEnvelope,
  HeaderLabel,
  parameter,
  parseEnvelope,
  toBeAuthenticated,
  verifyEnvelope,
  type CoseAlgorithm,
  type CoseEnvelope,
  type EnvelopeKind,
} from '@keyline/eat'
import { fromBase64url } from '@keyline/bytes'
import { caseOf, comparedMembers, coseKeyOf, curveKeyOf, refusalCode } from './attestation-case.ts'
import type { CaseResult, VectorCheck } from './case.ts'
import type { VectorReader } from './vector-reader.ts'

/** COSE_Sign1 and COSE_Mac0 in general: more algorithms and curves than tokens may have, and no tag needed. */
export const check: VectorCheck = async (file) => [coseCase(caseOf(file))]

function coseCase(vector: VectorReader): CaseResult {
  const kind = vector.text('check') === 'cose-sign1' ? 'sign1' : 'mac0'
  const input = vector.object('input')
  const octets = input.octets('cose_hex')
  const externalData = input.octets('external_aad_hex')
  const isGood = vector.text('kind') === 'valid'
  return comparedMembers(vector, {
    verifies: () => verifies(vector, kind),
    sample_output_verifies_under_this_key: () => verifies(vector, kind),
    alg: isGood ? () => algorithmOf(parseEnvelope(octets)).name : undefined,
    to_be_signed_hex: isGood ? () => authenticated(octets, kind, externalData) : undefined,
    to_be_maced_hex: isGood ? () => authenticated(octets, kind, externalData) : undefined,
    fixed_output_prefix_bytes: () => {
      const prefix = vector.object('expect').number('fixed_output_prefix_bytes')
      return samePrefix(octets, written(vector, externalData), prefix)
    },
  })
}

function verifies(vector: VectorReader, kind: EnvelopeKind): boolean {
  const input = vector.object('input')
  const externalData = input.octets('external_aad_hex')
  const code = refusalCode(() => {
    const envelope = parseEnvelope(input.octets('cose_hex'), { untagged: kind })
    const algorithm = algorithmOf(envelope)
    const key = coseKeyOf(vector.object('key'))
    verifyEnvelope(envelope, { algorithm, key, externalData, anyCurve: true })
  })
  return code === undefined
}

/** Wherever it stands: in a token it must be protected, in COSE it need not. */
function algorithmOf(envelope: CoseEnvelope): CoseAlgorithm {
  const id = parameter(envelope, HeaderLabel.algorithm)
  const algorithm = id === undefined ? undefined : coseAlgorithm(id)
  if (algorithm !== undefined) return algorithm
  return { id: 0, name: 'unknown', kind: envelope.kind, hash: 'SHA-256' }
}

function authenticated(octets: Uint8Array, kind: EnvelopeKind, externalData: Uint8Array): string {
  const { protectedOctets, payload } = parseEnvelope(octets, { untagged: kind })
  if (payload === undefined) throw new TypeError('a detached payload')
  return toHex(toBeAuthenticated({ kind, protectedOctets, payload, externalData }))
}

/** The envelope made once more, its signature by the key of the case where that is on a curve. */
function written(vector: VectorReader, externalData: Uint8Array): Uint8Array {
  const envelope = parseEnvelope(vector.object('input').octets('cose_hex'))
  const { kind, protectedOctets, unprotectedHeader } = envelope
  const payload = vector.object('input').octets('payload_hex')
  const jwk = vector.object('key')
  if (jwk.text('kty') !== 'EC') {
    return encodeEnvelope({ ...envelope, payload })
  }
  const { hash } = algorithmOf(envelope)
  const pair = curveKeyPair(curveKeyOf(jwk).curve, fromBase64url(jwk.text('d')))
  const message = toBeAuthenticated({ kind, protectedOctets, payload, externalData })
  const signature = signMessage(pair, { message, hash })
  return encodeEnvelope({ kind, protectedOctets, unprotectedHeader, payload, signature })
}

/** Octets up to the first difference, no more than those in front of the signature. */
function samePrefix(published: Uint8Array, ours: Uint8Array, length: number): number {
  const different = published.findIndex((octet, index) => octet !== ours[index])
  return different < 0 ? length : Math.min(different, length)
}
