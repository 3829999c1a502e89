import type { CborLimits } from '../cbor/reader.ts'
import type { CoseAlgorithm } from '../cose/algorithm.ts'
import { parseEnvelope, type CoseEnvelope } from '../cose/envelope.ts'
import { readHeaders, type CoseHeaders, type HeaderOptions } from '../cose/headers.ts'
import { EatError } from '../errors.ts'
import { finding, throwFirst, type EatFinding } from '../finding.ts'
import type { TokenClaims } from './claim.ts'
import { decodeClaims, readClaims, type ClaimsOptions, type ClaimsReading } from './read.ts'

export interface TokenOptions
  extends Pick<CborLimits, 'maxLength'>, Pick<HeaderOptions, 'algorithms'> {
  /** Refuses the client id 0 in profile 1 too; off unless given (D21). */
  readonly strictClientId?: boolean | undefined
}

/** A token whose form is right. Nothing here says that its signature is. */
export interface Token {
  readonly envelope: CoseEnvelope
  readonly algorithm: CoseAlgorithm
  readonly keyId: Uint8Array | undefined
  /** Certificates in DER, the leaf first. */
  readonly certificateChain: readonly Uint8Array[] | undefined
  readonly claims: TokenClaims
}

/** All that can be said of octets that should be a token. */
export interface TokenInspection {
  /** Nothing when the envelope has not its form. */
  readonly envelope: CoseEnvelope | undefined
  readonly headers: CoseHeaders | undefined
  readonly reading: ClaimsReading | undefined
  /** In the order of attestation chapter 12: the first is the primary one. */
  readonly findings: readonly EatFinding[]
}

/** Of the envelope around the claims. */
const mostWeight = 4_000

/** Envelope and headers of a token, and the claims as they are still encoded. */
export interface OpenedToken extends Omit<Token, 'claims'> {
  readonly payload: Uint8Array
}

/**
 * Decodes a token and judges its form: envelope, headers, claims.
 * @throws EatError `E_CBOR_…`, `E_SIZE_LIMIT`, `E_COSE_…`, `E_CLAIM…`, `E_PROFILE_UNKNOWN`, `E_SW_COMPONENT…`
 */
export function decodeToken(octets: Uint8Array, options: TokenOptions = {}): Token {
  return decodeOpened(openToken(octets, options), octets, options)
}

/** The first half of `decodeToken`. @throws EatError `E_CBOR_…`, `E_SIZE_LIMIT`, `E_COSE_…` */
export function openToken(octets: Uint8Array, options: TokenOptions = {}): OpenedToken {
  const envelope = parseEnvelope(octets, { ...options, maxWeight: mostWeight })
  const headers = readHeaders(envelope, options)
  throwFirst(headers.findings)
  const { algorithm, keyId, certificateChain } = headers
  const { payload } = envelope
  if (algorithm === undefined || payload === undefined) {
    throw new TypeError('headers without a finding have algorithm and payload')
  }
  return { envelope, algorithm, keyId, certificateChain, payload }
}

/**
 * The other half of `decodeToken`: the claims. @param octets the whole token
 * @throws EatError `E_CBOR_…`, `E_SIZE_LIMIT`, `E_CLAIM…`, `E_PROFILE_UNKNOWN`, `E_SW_COMPONENT…`
 */
export function decodeOpened(
  { payload, ...opened }: OpenedToken,
  octets: Uint8Array,
  options: TokenOptions = {},
): Token {
  return { ...opened, claims: decodeClaims(payload, claimsOptions(octets, payload, options)) }
}

/** Says all that is wrong with the form of a token, and what it claims all the same. */
export function inspectToken(octets: Uint8Array, options: TokenOptions = {}): TokenInspection {
  const findings: EatFinding[] = []
  const envelope = attempt(findings, 'envelope', () =>
    parseEnvelope(octets, { ...options, maxWeight: mostWeight }),
  )
  const headers = envelope === undefined ? undefined : readHeaders(envelope, options)
  findings.push(...(headers?.findings ?? []))
  const payload = envelope?.payload
  const reading =
    payload === undefined
      ? undefined
      : attempt(findings, 'payload', () =>
          readClaims(payload, claimsOptions(octets, payload, options)),
        )
  findings.push(...(reading?.findings ?? []))
  return { envelope, headers, reading, findings }
}

function claimsOptions(
  octets: Uint8Array,
  payload: Uint8Array,
  { maxLength, strictClientId }: TokenOptions,
): ClaimsOptions {
  return { maxLength, strictClientId, base: payload.byteOffset - octets.byteOffset }
}

function attempt<T>(findings: EatFinding[], field: string, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof EatError)) throw error
    const { offset } = error.details
    const place = typeof offset === 'number' ? offset : undefined
    findings.push(finding(error.code, { field, message: error.message, offset: place }))
    return undefined
  }
}
