import {
  concat,
  decodeUtf8,
  fromBase64url,
  isKeylineError,
  parseJson,
  toBase64url,
  type JsonValue,
} from '@keyline/bytes'
import { curvePublicKey } from '@keyline/crypto'
import { EatError, readKeyText, type AttestationResult } from '@keyline/eat'
import { jwsAlgorithms, readResult, VerifierError, type ResultKey } from '@keyline/verifier'
import { CliError } from '../../errors.ts'
import { ExitCode } from '../../exit-code.ts'
import { readInput, placeOf } from '../pki-input.ts'
import { jsonMembers } from './json-members.ts'
import { explainResult } from './ear-report.ts'
import { refusalDocument, refusalText } from './refusal-text.ts'

/** What a signed result says, if it is to be believed. */
export interface ResultReport {
  readonly text: string
  readonly document: Readonly<Record<string, JsonValue>>
  readonly code: ExitCode
}

/** Verifies a signed result under the key of its verifier, and tells what it says of the device. */
export function verifyResult(
  jwt: string,
  key: ResultKey,
  { time, nonce }: { readonly time: number; readonly nonce: Uint8Array | undefined },
): ResultReport {
  try {
    const result = readResult(jwt, key, time)
    requireNonce(result, nonce)
    const { text, document } = explainResult(result, `${key.algorithm}, good`)
    const code = resultCode(result)
    return { text, document: { ...document, outcome: outcomes[code] ?? 'could-not-check' }, code }
  } catch (error) {
    if (!(error instanceof EatError) && !(error instanceof VerifierError)) throw error
    return {
      text: `verdict  contraindicated: the result is not to be believed\n${refusalText(error)}`,
      document: { what: 'result', outcome: 'contraindicated', findings: [refusalDocument(error)] },
      code: ExitCode.failed,
    }
  }
}

/** The outcome that the worst appraisal of a result stands for (V39). */
export function resultCode({ submods }: AttestationResult): ExitCode {
  const tiers = new Set([...submods.values()].map(({ status }) => status))
  if (tiers.has('contraindicated')) return ExitCode.failed
  return tiers.has('none') ? ExitCode.infrastructure : ExitCode.done
}

const outcomes: Readonly<Partial<Record<ExitCode, string>>> = {
  [ExitCode.done]: 'genuine',
  [ExitCode.failed]: 'contraindicated',
  [ExitCode.infrastructure]: 'could-not-check',
}

/**
 * The key of a verifier in a file: JWK, JWK Set, or PEM. Of a set the result names its key; that it is one of the set is what
 * makes it trusted. @throws CliError `CLI_FILE`, `CLI_INPUT`
 */
export async function readResultKey(path: string, jwt: string): Promise<ResultKey> {
  const text = decodeUtf8(await readInput(path, 'json'))
  const place = placeOf(path)
  if (text.trimStart().startsWith('{')) {
    const json = parseJson(text, place)
    const keys = jsonMembers(json).get('keys')
    return jwkResultKey(Array.isArray(keys) ? keyInSet(keys, jwt, place) : json, place)
  }
  const publicKey = readKeyText(text)
  const algorithm = algorithmOf(publicKey?.curve)
  if (publicKey !== undefined && algorithm !== undefined) return { algorithm, publicKey }
  throw new CliError('CLI_INPUT', `${place} holds no public key of a verifier, as JWK or PEM`)
}

/** @throws CliError `CLI_INPUT` */
export function jwkResultKey(json: JsonValue, place: string): ResultKey {
  const jwk = jsonMembers(json)
  const algorithm = algorithmOf(jwk.get('crv'))
  const x = jwk.get('x')
  const y = jwk.get('y')
  if (algorithm !== undefined && typeof x === 'string' && typeof y === 'string') {
    try {
      const point = concat(fromBase64url(x), fromBase64url(y))
      return { algorithm, publicKey: curvePublicKey(jwsAlgorithms[algorithm].curve, point) }
    } catch (cause) {
      if (!isKeylineError(cause)) throw cause
      throw new CliError('CLI_INPUT', `${place}: ${cause.message}`, { cause })
    }
  }
  throw new CliError('CLI_INPUT', `${place} is no JWK of an elliptic key`)
}

function keyInSet(keys: readonly JsonValue[], jwt: string, place: string): JsonValue {
  const kid = keyIdIn(jwt)
  const [only, ...others] =
    keys.length > 1 ? keys.filter((key) => jsonMembers(key).get('kid') === kid) : keys
  if (only !== undefined && others.length === 0) return only
  const found =
    kid === undefined ? 'none that it names' : `none with the kid ${JSON.stringify(kid)}`
  throw new CliError('CLI_INPUT', `${place} has ${keys.length} keys, and for this result ${found}`)
}

function keyIdIn(jwt: string): JsonValue | undefined {
  try {
    const header = decodeUtf8(fromBase64url(jwt.split('.')[0] ?? ''))
    return jsonMembers(parseJson(header, 'the header')).get('kid')
  } catch (error) {
    if (isKeylineError(error)) return undefined
    throw error
  }
}

function requireNonce({ nonce }: AttestationResult, wanted: Uint8Array | undefined): void {
  if (wanted === undefined) return
  const text = toBase64url(wanted)
  if (nonce?.replace(/=+$/, '') === text) return
  const found = nonce === undefined ? 'no nonce' : `the nonce ${JSON.stringify(nonce)}`
  throw new VerifierError('E_NONCE_MISMATCH', `the result carries ${found}, not ${text}`)
}

function algorithmOf(curve: unknown): ResultKey['algorithm'] | undefined {
  const names = ['ES256', 'ES384', 'ES512'] as const
  return names.find((name) => jwsAlgorithms[name].curve === curve)
}
