import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { concat, fromBase64url, isKeylineError, Secret } from '@keyline/bytes'
import { curvePublicKey, type CurvePublicKey, type WeierstrassCurve } from '@keyline/crypto'
import type { CoseKey } from '@keyline/eat'
import { canonical } from './canonical.ts'
import type { CaseResult, VectorFile } from './case.ts'
import { VectorReader } from './vector-reader.ts'

/** The one case of a file. */
export function caseOf(file: VectorFile): VectorReader {
  return new VectorReader(file.path, file.json)
}

/**
 * Compares the members that the case expects with what came; members without an actual value are for readers.
 * @param actual values under the names of the case, made only for those that it names
 */
export function comparedMembers(
  vector: VectorReader,
  actual: Readonly<Record<string, (() => unknown) | undefined>>,
): CaseResult {
  const expect = vector.object('expect')
  const names = Object.keys(actual).filter((name) => expect.has(name) && actual[name] !== undefined)
  const wanted = canonical(Object.fromEntries(names.map((name) => [name, expect.raw(name)])))
  const came = canonical(Object.fromEntries(names.map((name) => [name, actual[name]?.()])))
  const ok = names.length > 0 && wanted === came
  return { id: vector.id, ok, expected: wanted, actual: came }
}

/** The code of a refusal, or nothing. */
export function refusalCode(act: () => unknown): string | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    if (isKeylineError(error)) return error.code
    throw error
  }
}

/** A key of a case, from its JSON Web Key. */
export function coseKeyOf(jwk: VectorReader): CoseKey {
  switch (jwk.text('kty')) {
    case 'EC':
      return { type: 'ec', publicKey: curveKeyOf(jwk) }
    case 'oct':
      return { type: 'symmetric', secret: new Secret(fromBase64url(jwk.text('k'))) }
    case 'RSA':
      return { type: 'rsa', publicKey: createPublicKey({ key: publicPart(jwk), format: 'jwk' }) }
    default:
      throw new TypeError(`a key of type ${jwk.text('kty')}`)
  }
}

export function curveKeyOf(jwk: VectorReader): CurvePublicKey {
  const point = concat(fromBase64url(jwk.text('x')), fromBase64url(jwk.text('y')))
  return curvePublicKey(curveNamed(jwk.text('crv')), point)
}

function curveNamed(name: string): WeierstrassCurve {
  if (name === 'P-256' || name === 'P-384' || name === 'P-521') return name
  throw new TypeError(`a key on ${name}`)
}

function publicPart(jwk: VectorReader): JsonWebKey {
  return { kty: 'RSA', n: jwk.text('n'), e: jwk.text('e') }
}
