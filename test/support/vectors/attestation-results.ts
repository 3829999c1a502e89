import {
  decodeUtf8,
  encodeUtf8,
  fromBase64url,
  isKeylineError,
  type JsonValue,
} from '@keyline/bytes'
import { verifyMessage } from '@keyline/crypto'
import { earToJson } from '@keyline/eat'
import { readResult } from '@keyline/verifier'
import { caseOf, comparedMembers, curveKeyOf } from './attestation-case.ts'
import type { VectorCheck } from './case.ts'
import { VectorReader } from './vector-reader.ts'

/** Long after every result of the vectors was made. */
const time = 1_800_000_000

/** Signed results: verdict and reason of the reader, and what a good one says. */
export const check: VectorCheck = async (file) => {
  const vector = caseOf(file)
  const jwt = vector.object('input').text('jwt')
  const publicKey = curveKeyOf(vector.object('key'))
  const [head = '', body = '', tail = ''] = jwt.split('.')
  let reason: string | undefined
  let claims: JsonValue = null
  try {
    claims = earToJson(readResult(jwt, { algorithm: 'ES256', publicKey }, time))
  } catch (error) {
    if (!isKeylineError(error)) throw error
    reason = error.code
  }
  const isGood = reason === undefined
  return [
    comparedMembers(vector, {
      valid: () => isGood,
      reason: () => reason,
      header: () => JSON.parse(decodeUtf8(fromBase64url(head))),
      claims: isGood
        ? () => Object.fromEntries([...membersOf(claims), ...unread(vector)])
        : undefined,
      signature_verifies: () =>
        verifyMessage(publicKey, {
          message: encodeUtf8(`${head}.${body}`),
          signature: fromBase64url(tail),
        }),
    }),
  ]
}

function membersOf(claims: JsonValue): readonly (readonly [string, unknown])[] {
  return new VectorReader('claims', claims).entries()
}

/** Members that a JWT has and a result has not: readers ignore them. */
function unread(vector: VectorReader): readonly (readonly [string, unknown])[] {
  const claims = vector.object('expect').object('claims').entries()
  return claims.filter(([name]) => name === 'jti' || name === 'nbf')
}
