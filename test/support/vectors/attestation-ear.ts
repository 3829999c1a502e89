import { isKeylineError, toHex, type JsonValue } from '@keyline/bytes'
import {
  cborDiagnostic,
  decodeCbor,
  decodeEar,
  earToJson,
  encodeEar,
  readEar,
  tierOf,
  worstTier,
  type AttestationResult,
} from '@keyline/eat'
import { caseOf, comparedMembers } from './attestation-case.ts'
import { canonical } from './canonical.ts'
import type { CaseResult, VectorCheck } from './case.ts'
import { compared, type VectorReader } from './vector-reader.ts'

/** Claims of attestation results in JSON and CBOR, in both dialects, and their tiers. */
export const check: VectorCheck = async (file) => {
  const vector = caseOf(file)
  switch (vector.text('check')) {
    case 'ear-claims':
      return [claimsCase(vector)]
    case 'ear-cbor':
      return [cborCase(vector)]
    case 'ear-submods':
      return [submodsCase(vector)]
    case 'ear-tier':
      return [tierCase(vector)]
    default:
      return [statusCase(vector)]
  }
}

function claimsCase(vector: VectorReader): CaseResult {
  // The members were parsed from JSON.
  const json = vector.object('input').raw('claims_json') as JsonValue
  return verdict(
    vector,
    () => readEar(json),
    (result) => {
      const again = decodeEar(encodeEar(result))
      return compared(vector.id, canonical(known(json)), canonical(earToJson(again)))
    },
  )
}

function cborCase(vector: VectorReader): CaseResult {
  const octets = vector.object('input').octets('payload_hex')
  const shown = cborDiagnostic(decodeCbor(octets))
  const wanted = vector.object('view').text('diag')
  if (shown !== wanted) return compared(vector.id, wanted, shown)
  return verdict(
    vector,
    () => decodeEar(octets),
    (result) => compared(vector.id, toHex(octets), toHex(encodeEar(result))),
  )
}

/** Accepted or refused as expected; an accepted one in the expected dialect, written again as it was. */
function verdict(
  vector: VectorReader,
  read: () => AttestationResult,
  again: (result: AttestationResult) => CaseResult,
): CaseResult {
  let result: AttestationResult | undefined
  let code: string | undefined
  try {
    result = read()
  } catch (error) {
    if (!isKeylineError(error)) throw error
    code = error.code
  }
  if (result !== undefined && vector.object('expect').flag('valid')) {
    const written = again(result)
    if (!written.ok) return written
  }
  return comparedMembers(vector, {
    valid: () => code === undefined,
    reason: () => code,
    dialect: result && (() => result.dialect),
  })
}

/** Extensions of other specifications are not kept. */
function known(json: JsonValue): unknown {
  return JSON.parse(
    JSON.stringify(json, (name, value: unknown) => (/^ear[._]teep/.test(name) ? undefined : value)),
  )
}

/** What the reference service answers is read, and written as it was. */
function submodsCase(vector: VectorReader): CaseResult {
  // The members were parsed from JSON.
  const submods = vector.object('input').raw('submods_json') as JsonValue
  const result = readEar({
    eat_profile: 'tag:github.com,2023:veraison/ear',
    iat: 0,
    'ear.verifier-id': { developer: 'a', build: 'b' },
    submods,
  })
  const { dialect } = result
  const actual = canonical([dialect, earToJson(result)['submods']])
  return compared(vector.id, canonical([vector.object('expect').text('dialect'), submods]), actual)
}

function tierCase(vector: VectorReader): CaseResult {
  return comparedMembers(vector, {
    mapping: () =>
      vector
        .object('input')
        .numbers('values')
        .map((value) => ({ value, tier: tierOf(value) })),
  })
}

function statusCase(vector: VectorReader): CaseResult {
  return comparedMembers(vector, {
    status: () =>
      vector
        .object('input')
        .objects('vectors')
        .map((one) =>
          worstTier(
            Object.fromEntries(one.entries().map(([name, value]) => [name, Number(value)])),
          ),
        ),
  })
}
