import { cborExcerpt } from '../cbor/diagnostic.ts'
import { locateCbor, type CborPath } from '../cbor/locate.ts'
import { decodeCbor, type CborLimits } from '../cbor/reader.ts'
import {
  isCborArray,
  isCborInteger,
  isCborMap,
  type CborMap,
  type CborValue,
} from '../cbor/value.ts'
import type { EatErrorCode } from '../errors.ts'
import { finding, throwFirst, type EatFinding } from '../finding.ts'
import type { SoftwareComponent, TokenClaims } from './claim.ts'
import { readComponent } from './component.ts'
import { problemOf } from './form.ts'
import {
  clientIdForm,
  componentsJson,
  isTokenProfile,
  noMeasurementsJson,
  tokenProfiles,
  type ProfileEntry,
} from './profile.ts'
import { TokenProfile } from './token-profile.ts'

export interface ClaimsOptions extends CborLimits {
  /** Refuses the client id 0 in profile 1 too; off unless given (D21). */
  readonly strictClientId?: boolean | undefined
  /** Findings after which nothing more is looked at; 16 unless given. */
  readonly mostFindings?: number | undefined
}

/** What the claims of a token are, and what is wrong with them. */
export interface ClaimsReading {
  /** Nothing as soon as there is a finding. */
  readonly claims: TokenClaims | undefined
  /** Nothing when no profile is recognised. */
  readonly profile: TokenProfile | undefined
  /** The first is the primary one. */
  readonly findings: readonly EatFinding[]
}

/** 64 KiB of software components weigh no more than this. */
const mostWeight = 14_000

/**
 * Claims of a payload, whatever their profile.
 * @throws EatError `E_CBOR_…`, `E_SIZE_LIMIT`, `E_CLAIMS_NOT_MAP`, `E_PROFILE_UNKNOWN`, `E_CLAIM_…`, `E_SW_COMPONENT…`
 */
export function decodeClaims(payload: Uint8Array, options: ClaimsOptions = {}): TokenClaims {
  const { claims, findings } = readClaims(payload, { ...options, mostFindings: 1 })
  throwFirst(findings)
  if (claims === undefined) throw new TypeError('claims without a finding are there')
  return claims
}

/** The same with all findings at once. @throws EatError `E_CBOR_…`, `E_SIZE_LIMIT` */
export function readClaims(payload: Uint8Array, options: ClaimsOptions = {}): ClaimsReading {
  const limits = { maxWeight: mostWeight, ...options }
  const value = decodeCbor(payload, limits)
  const locate = (path: CborPath): number | undefined => locateCbor(payload, path, limits)
  if (!isCborMap(value)) {
    const message = 'must be a map of claims'
    const found = { field: 'payload', value: cborExcerpt(value), message, offset: locate([]) }
    return {
      claims: undefined,
      profile: undefined,
      findings: [finding('E_CLAIMS_NOT_MAP', found)],
    }
  }
  const judge = new ClaimsJudge(value, locate, options)
  return judge.read()
}

/** Claims in the keys of a profile, judged as that profile, whatever they call themselves. */
export function judgeClaims(
  map: CborMap,
  profile: TokenProfile,
  options: ClaimsOptions = {},
): ClaimsReading {
  return new ClaimsJudge(map, () => undefined, options).readAs(tokenProfiles[profile])
}

type ProfileClaim = ProfileEntry['profileClaim']
type Locate = (path: CborPath) => number | undefined

class ClaimsJudge {
  readonly #map: CborMap
  readonly #locate: Locate
  readonly #options: ClaimsOptions
  readonly #mostFindings: number
  readonly #findings: EatFinding[] = []

  constructor(map: CborMap, locate: Locate, options: ClaimsOptions) {
    this.#map = map
    this.#locate = locate
    this.#options = options
    this.#mostFindings = options.mostFindings ?? 16
  }

  read(): ClaimsReading {
    const entry = this.#recognised()
    if (entry !== undefined) return this.readAs(entry)
    return { claims: undefined, profile: undefined, findings: this.#findings }
  }

  readAs(entry: ProfileEntry): ClaimsReading {
    const { profile, profileClaim } = entry
    const record: Partial<Record<keyof TokenClaims, unknown>> = { profile }
    if (this.#map.get(profileClaim.key) === undefined) record.isProfileImplied = true
    this.#isProfile(entry)
    for (const claim of entry.claims) {
      const value = this.#claim(claim)
      if (value !== undefined) record[claim.name] = value
    }
    record.softwareComponents = this.#software(entry)
    if (entry.noMeasurements !== undefined && this.#map.has(entry.noMeasurements)) {
      record.noSoftwareMeasurements = 1
    }
    const findings = this.#findings
    // Without a finding each mandatory claim was read, each claim by the form of its own row.
    const claims = findings.length === 0 ? (record as TokenClaims) : undefined
    return { claims, profile, findings }
  }

  /** The profile that the claims say they have: claim 265 first, then -75000, then the keys of profile 1. */
  #recognised(): ProfileEntry | undefined {
    const { psa2023, psa1 } = TokenProfile
    for (const { profileClaim } of [tokenProfiles[psa2023], tokenProfiles[psa1]]) {
      const text = this.#map.get(profileClaim.key)
      if (text === undefined) continue
      const entry =
        typeof text === 'string' && isTokenProfile(text) ? tokenProfiles[text] : undefined
      if (entry?.profileClaim.key === profileClaim.key) return entry
      this.#refuseProfile(profileClaim, text)
      return undefined
    }
    if (tokenProfiles[psa1].claims.some(({ key }) => this.#map.has(key))) return tokenProfiles[psa1]
    this.#refuseProfile(tokenProfiles[psa2023].profileClaim, undefined)
    return undefined
  }

  /** Only profile 1 can be without its claim. */
  #isProfile({ profile, profileClaim }: ProfileEntry): void {
    const text = this.#map.get(profileClaim.key)
    if (text === profile || (text === undefined && profile === TokenProfile.psa1)) return
    this.#refuseProfile(profileClaim, text)
  }

  #refuseProfile({ key, json }: ProfileClaim, text: CborValue | undefined): void {
    if (text === undefined) {
      this.#report('E_PROFILE_UNKNOWN', { field: json, message: 'there is no profile claim' })
      return
    }
    const place = { field: json, ...excerptOf(text), offset: this.#locate([key]) }
    if (typeof text === 'string') {
      this.#report('E_PROFILE_UNKNOWN', {
        ...place,
        message: 'is not the profile, letter by letter',
      })
    } else this.#report('E_CLAIM_TYPE', { ...place, message: 'must be a text' })
  }

  #claim(claim: ProfileEntry['claims'][number]): unknown {
    if (this.#isFull) return undefined
    const isStrict = claim.name === 'clientId' && this.#options.strictClientId === true
    const value = this.#map.get(claim.key)
    const problem = problemOf(isStrict ? { ...claim, form: clientIdForm(false) } : claim, value)
    if (problem === undefined) return value
    this.#report(problem.rule, {
      field: claim.json,
      ...excerptOf(value),
      message: problem.message,
      offset: value === undefined ? undefined : this.#locate([claim.key]),
    })
    return undefined
  }

  #software({ components, noMeasurements }: ProfileEntry): readonly SoftwareComponent[] {
    if (this.#isFull) return []
    const list = this.#map.get(components)
    const none = noMeasurements === undefined ? undefined : this.#map.get(noMeasurements)
    const field = componentsJson
    if (list === undefined) {
      if (none === undefined) {
        const message = 'no software components are there'
        this.#report('E_SW_COMPONENTS_MISSING', { field, message })
      } else if (none !== 1) {
        const rule = isUnsigned(none) ? 'E_CLAIM_VALUE' : 'E_CLAIM_TYPE'
        const offset = this.#locate([noMeasurements ?? 0])
        const found = { field: noMeasurementsJson, ...excerptOf(none), offset }
        this.#report(rule, { ...found, message: 'must be 1' })
      }
      return []
    }
    const offset = this.#locate.bind(undefined, [components])
    if (none !== undefined) {
      const message = 'stands beside the claim that nothing was measured'
      const found = { field, message, offset: offset() }
      this.#report('E_SW_COMPONENTS_AND_NO_MEASUREMENTS', found)
    }
    if (!isCborArray(list)) {
      const found = { field, ...excerptOf(list), message: 'must be a list', offset: offset() }
      this.#report('E_CLAIM_TYPE', found)
      return []
    }
    if (list.length === 0) {
      const message = 'must hold at least one component'
      this.#report('E_SW_COMPONENTS_EMPTY', { field, message, offset: offset() })
    }
    const read: SoftwareComponent[] = []
    for (const [index, item] of list.entries()) {
      if (this.#isFull) break
      read.push(this.#component(item, index, [components, index]))
    }
    return read
  }

  #component(item: CborValue, index: number, path: CborPath): SoftwareComponent {
    const { component, problems } = readComponent(item)
    for (const { claim, value, message } of problems) {
      if (this.#isFull) break
      const place = value === undefined || claim === undefined ? path : [...path, claim.key]
      const field = claim?.json ?? componentsJson
      const found = { field, ...excerptOf(value), message, offset: this.#locate(place), index }
      this.#report('E_SW_COMPONENT_FIELD', found)
    }
    return component
  }

  get #isFull(): boolean {
    return this.#findings.length >= this.#mostFindings
  }

  #report(rule: EatErrorCode, found: Parameters<typeof finding>[1]): void {
    if (!this.#isFull) this.#findings.push(finding(rule, found))
  }
}

function isUnsigned(value: CborValue): boolean {
  return isCborInteger(value) && value >= 0
}

function excerptOf(value: CborValue | undefined): { readonly value: string } {
  return { value: value === undefined ? '' : cborExcerpt(value) }
}
