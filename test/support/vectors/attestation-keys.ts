import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { concat, fromBase64url, fromHex, Secret, toBase64url, toHex } from '@keyline/bytes'
import { curvePublicKey, sha256, type CurvePublicKey } from '@keyline/crypto'
import {
  decodeCbor,
  encodeCoseKey,
  instanceIdOf,
  readCoseKey,
  symmetricInstanceId,
} from '@keyline/eat'
import { caseOf, comparedMembers, curveKeyOf } from './attestation-case.ts'
import type { CaseResult, VectorCheck } from './case.ts'
import type { VectorReader } from './vector-reader.ts'

/** Keys in each of their encodings, and the identities that devices make of them. */
export const check: VectorCheck = async (file) => {
  const vector = caseOf(file)
  return [vector.text('check') === 'ec-key' ? curveCase(vector) : symmetricCase(vector)]
}

function curveCase(vector: VectorReader): CaseResult {
  const input = vector.object('input')
  const key = curveKeyOf(input.object('jwk'))
  const { curve } = key
  const read = {
    spki_pem: () => pointOf(createPublicKey(input.text('spki_pem'))),
    spki_der_hex: () => pointOf(publicKeyOfDer(input.octets('spki_der_hex'))),
    cose_key_hex: () => readCoseKey(decodeCbor(input.octets('cose_key_hex'))).octets,
    uncompressed_point_hex: () =>
      curvePublicKey(curve, input.octets('uncompressed_point_hex').subarray(1)).octets,
    sec1_pem: () => pointOf(createPublicKey(createPrivateKey(input.text('sec1_pem')))),
  }
  for (const [name, point] of Object.entries(read)) {
    if (input.has(name) && toHex(point()) !== toHex(key.octets)) {
      return {
        id: vector.id,
        ok: false,
        expected: `${name} of the same key`,
        actual: toHex(point()),
      }
    }
  }
  const coseKey = encodeCoseKey(key)
  if (toHex(coseKey) !== input.text('cose_key_hex')) {
    return {
      id: vector.id,
      ok: false,
      expected: input.text('cose_key_hex'),
      actual: toHex(coseKey),
    }
  }
  return comparedMembers(vector, {
    jwk_thumbprint_sha256: () => thumbprint(input.object('jwk')),
    instance_id_cose_key_hash: () => toHex(instanceIdOf(key)),
    instance_id_raw_point_hash: () => toHex(instanceIdOf(key, 'sha256(0x04||X||Y)')),
    instance_id_spki_hash: () => toHex(instanceIdOf(key, 'sha256(SubjectPublicKeyInfo)')),
    cose_crv: () => curveNumber(key),
  })
}

function symmetricCase(vector: VectorReader): CaseResult {
  const input = vector.object('input')
  const secret = new Secret(fromBase64url(input.object('jwk').text('k')))
  if (toHex(secret.reveal()) !== input.text('raw_hex')) {
    return { id: vector.id, ok: false, expected: input.text('raw_hex'), actual: 'another key' }
  }
  return comparedMembers(vector, {
    instance_id_double_hash: () => toHex(symmetricInstanceId(secret)),
  })
}

function publicKeyOfDer(der: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
}

function pointOf(key: KeyObject): Uint8Array {
  const { x = '', y = '' } = key.export({ format: 'jwk' })
  return concat(fromBase64url(x), fromBase64url(y))
}

/** RFC 7638. */
function thumbprint(jwk: VectorReader): string {
  const members = ['crv', 'kty', 'x', 'y'].map((name) => [name, jwk.text(name)])
  return toBase64url(sha256(new TextEncoder().encode(JSON.stringify(Object.fromEntries(members)))))
}

/** As it stands in the COSE_Key, behind the key type. */
function curveNumber(key: CurvePublicKey): number | undefined {
  const afterKeyType = fromHex(toHex(encodeCoseKey(key))).subarray(3)
  return afterKeyType[1]
}
