import { toHex, type JsonValue } from '@keyline/bytes'
import {
  annotateCbor,
  cborExcerpt,
  componentClaims,
  decodeCbor,
  EatError,
  instanceIdMatches,
  inspectToken,
  isCborArray,
  isCborMap,
  isTokenProfile,
  locateCbor,
  tokenProfiles,
  TokenProfile,
  type CborMap,
  type CborPath,
  type CborValue,
  type CoseEnvelope,
  type EatFinding,
  type ProfileEntry,
  type TokenInspection,
} from '@keyline/eat'
import { claimMeanings, componentMeanings, valueMeaning } from './claim-meanings.ts'
import { certificateSummary } from './certificate-summary.ts'
import { findingDocument, findingText, type Explanation } from './explanation.ts'
import { fieldsText } from '../stsafe-text.ts'

/** One claim as a person reads it. */
interface ClaimRow {
  readonly claim: string
  readonly key: string
  /** Octet of the message where the value begins. */
  readonly offset: number | undefined
  readonly value: string
  readonly meaning: string
}

/** Explains a token claim by claim, as far as it can be read, and all that is wrong with it. */
export function explainToken(octets: Uint8Array): Explanation {
  const inspection = inspectToken(octets)
  const { envelope, reading, findings } = inspection
  const payload = envelope?.payload
  const rows =
    payload === undefined
      ? []
      : claimRows(payload, {
          profile: reading?.profile,
          base: payload.byteOffset - octets.byteOffset,
        })
  const envelopeFields = envelope === undefined ? {} : describeEnvelope(envelope, inspection)
  const isSound = findings.length === 0
  return {
    what: 'token',
    isSound,
    text: [
      fieldsText({ message: `token, ${octets.length} octets`, ...envelopeFields }),
      rows.length === 0 ? brokenText(octets) : `\n${rowsText(rows)}`,
      isSound
        ? '\nthe form is right; whose signature it is, tells `keyline attest verify`\n'
        : `\n${findings.map(findingText).join('')}`,
    ].join(''),
    document: {
      what: 'token',
      octets: octets.length,
      ...envelopeFields,
      profile: reading?.profile ?? null,
      claims: rows.map(rowDocument),
      findings: findings.map(findingDocument),
    },
  }
}

/** Explains claims that no envelope protects. */
export function explainClaims(octets: Uint8Array, findings: readonly EatFinding[]): Explanation {
  const rows = claimRows(octets, { profile: profileIn(octets), base: 0 })
  return {
    what: 'claims',
    isSound: false,
    text: [
      fieldsText({ message: `claims without an envelope, ${octets.length} octets` }),
      rows.length === 0 ? brokenText(octets) : `\n${rowsText(rows)}`,
      `\n${findings.map(findingText).join('')}`,
    ].join(''),
    document: {
      what: 'claims',
      octets: octets.length,
      claims: rows.map(rowDocument),
      findings: findings.map(findingDocument),
    },
  }
}

function describeEnvelope(
  { kind, signature }: CoseEnvelope,
  { headers, reading }: TokenInspection,
): Readonly<Record<string, string>> {
  const [leaf, ...others] = headers?.certificateChain ?? []
  const summary = leaf && certificateSummary(leaf)
  const instanceId = reading?.claims?.instanceId
  const forms =
    summary?.publicKey === undefined || instanceId === undefined
      ? undefined
      : instanceIdMatches(instanceId, summary.publicKey)
  return {
    envelope: kind === 'sign1' ? 'COSE_Sign1' : 'COSE_Mac0',
    algorithm: headers?.algorithm?.name ?? 'none that is allowed',
    [kind === 'sign1' ? 'signature' : 'MAC']: `${signature.length} octets`,
    ...(headers?.keyId !== undefined && { 'key id': toHex(headers.keyId) }),
    ...(summary !== undefined && {
      certificate: `${summary.text}${others.length === 0 ? '' : `, and ${others.length} above it`}`,
    }),
    ...(forms !== undefined && {
      'instance id': forms.length === 0 ? 'is not that of the certified key' : forms.join(', '),
    }),
  }
}

interface Place {
  readonly profile: TokenProfile | undefined
  /** Octet of the message where the payload begins. */
  readonly base: number
}

function claimRows(payload: Uint8Array, { profile, base }: Place): readonly ClaimRow[] {
  const map = decodedMap(payload)
  if (map === undefined) return []
  const entry = tokenProfiles[profile ?? TokenProfile.psa2023]
  const locate = (path: CborPath): number | undefined => {
    const offset = locateCbor(payload, path)
    return offset === undefined ? undefined : base + offset
  }
  return [...map].flatMap(([key, value]) => rowsOf(key, value, entry, locate))
}

function rowsOf(
  key: CborValue,
  value: CborValue,
  entry: ProfileEntry,
  locate: (path: CborPath) => number | undefined,
): readonly ClaimRow[] {
  const path = typeof key === 'number' || typeof key === 'string' ? [key] : undefined
  const place = { key: cborExcerpt(key), offset: path && locate(path) }
  if (key === entry.components && isCborArray(value)) {
    return [
      {
        claim: 'psa-software-components',
        ...place,
        value: value.length === 1 ? '1 component' : `${value.length} components`,
        meaning: claimMeanings['softwareComponents'] ?? '',
      },
      ...value.flatMap((item, index) => componentRows(item, index, [entry.components], locate)),
    ]
  }
  const known = entry.claims.find((one) => one.key === key)
  const special =
    key === entry.profileClaim.key
      ? ({ json: entry.profileClaim.json, name: 'profile' } as const)
      : key === entry.noMeasurements
        ? ({ json: 'psa-no-software-measurements', name: 'noSoftwareMeasurements' } as const)
        : undefined
  const { json, name } = known ?? special ?? { json: 'unknown claim', name: undefined }
  const meaning = name === undefined ? 'not known to this profile; ignored' : claimMeanings[name]
  const said = name && valueMeaning(name, value)
  return [
    {
      claim: json,
      ...place,
      value: valueText(value, name),
      meaning: said === undefined ? (meaning ?? '') : `${meaning}: ${said}`,
    },
  ]
}

function componentRows(
  item: CborValue,
  index: number,
  path: CborPath,
  locate: (path: CborPath) => number | undefined,
): readonly ClaimRow[] {
  if (!isCborMap(item)) return []
  return [...item].map(([key, value]) => {
    const known = componentClaims.find((one) => one.key === key)
    return {
      claim: `  [${index}] ${known?.json ?? 'unknown field'}`,
      key: cborExcerpt(key),
      offset: typeof key === 'number' ? locate([...path, index, key]) : undefined,
      value: valueText(value, known?.name),
      meaning: known === undefined ? 'not known; ignored' : componentMeanings[known.name],
    }
  })
}

function valueText(value: CborValue, name: string | undefined): string {
  if (name === 'securityLifecycle' && typeof value === 'number') {
    return `0x${value.toString(16).padStart(4, '0')}`
  }
  return value instanceof Uint8Array ? toHex(value.subarray(0, 128)) : cborExcerpt(value, 128)
}

function rowsText(rows: readonly ClaimRow[]): string {
  const name = ({ claim, key }: ClaimRow): string => `${claim} (${key})`
  const width = Math.max(...rows.map((row) => name(row).length))
  return rows
    .map((row) => {
      const place = String(row.offset ?? '').padStart(6)
      return `${place}  ${name(row).padEnd(width)}  ${row.value}\n${' '.repeat(10 + width)}${row.meaning}\n`
    })
    .join('')
}

function rowDocument({ claim, key, offset, value, meaning }: ClaimRow): JsonValue {
  return { claim: claim.trim(), key, offset: offset ?? null, value, meaning }
}

/** What can be read of a message up to its defect. */
function brokenText(octets: Uint8Array): string {
  const { lines } = annotateCbor(octets, { maxWeight: 14_000 })
  const shown = lines.slice(-mostLines)
  if (shown.length === 0) return ''
  const rows = shown.map(
    ({ offset, depth, text }) => `${String(offset).padStart(6)}  ${'  '.repeat(depth)}${text}\n`,
  )
  return `\nwhat can be read of it, by octet:\n${rows.join('')}`
}

const mostLines = 40

function profileIn(octets: Uint8Array): TokenProfile | undefined {
  const map = decodedMap(octets)
  const text = map?.get(265) ?? map?.get(-75000)
  if (typeof text === 'string' && isTokenProfile(text)) return text
  return map?.has(-75008) === true ? TokenProfile.psa1 : undefined
}

function decodedMap(octets: Uint8Array): CborMap | undefined {
  try {
    const value = decodeCbor(octets, { maxWeight: 14_000 })
    return isCborMap(value) ? value : undefined
  } catch (error) {
    if (error instanceof EatError) return undefined
    throw error
  }
}
