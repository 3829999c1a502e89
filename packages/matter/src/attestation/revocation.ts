import { BytesError, equalOctets, fromBase64, fromHex, toHex, type Finding } from '@keyline/bytes'
import type { Certificate } from '@keyline/x509'
import { authorityKeyIdOf, subjectKeyIdOf } from '../certificate/link.ts'
import { parseOrUndefined } from '../certificate/profile.ts'
import { MatterError } from '../errors.ts'

/** Serial numbers that one issuer revoked. */
interface RevocationEntry {
  readonly place: string
  /** Integers as hexadecimal text without leading zeros. */
  readonly serialNumbers: ReadonlySet<string>
  /** The list was signed by the issuer itself, or by the one to whom the issuer delegated it. */
  readonly isGenuine: boolean
}

/** A revocation set, read once: entries by key identifier and name of their issuer (matter-factory-data 12.3). */
export interface RevocationSet {
  readonly entries: ReadonlyMap<string, readonly RevocationEntry[]>
}

export interface RevocationResult {
  readonly dacRevoked: boolean
  readonly paiRevoked: boolean
  /** What the SDK's commissioner would say. */
  readonly sdkResult: 'kSuccess' | 'kDacRevoked' | 'kPaiRevoked' | 'kPaiAndDacRevoked'
  /** Entries that name one of the certificates and are not genuine; they revoke nothing. */
  readonly suspicious: readonly string[]
}

/**
 * Reads a revocation set as the SDK's ledger tool writes it: a list of objects of the type `revocation_set`.
 * @throws MatterError `REVOCATION_SET`
 */
export function readRevocationSet(json: unknown): RevocationSet {
  if (!Array.isArray(json)) throw unusable('the revocation set', 'is not a list')
  const entries = new Map<string, RevocationEntry[]>()
  for (const [index, item] of json.entries()) {
    const { issuer, entry } = readEntry(item, `entry ${index}`)
    const others = entries.get(issuer)
    if (others === undefined) entries.set(issuer, [entry])
    else others.push(entry)
  }
  return { entries }
}

/** Looks DAC and PAI up, each by its own issuer. */
export function checkRevocation(
  chain: { readonly dac: Certificate; readonly pai: Certificate },
  set: RevocationSet,
): RevocationResult {
  const ofDac = entriesNaming(chain.dac, set)
  const ofPai = entriesNaming(chain.pai, set)
  const dacRevoked = ofDac.some((entry) => entry.isGenuine)
  const paiRevoked = ofPai.some((entry) => entry.isGenuine)
  return {
    dacRevoked,
    paiRevoked,
    sdkResult: sdkResultOf(dacRevoked, paiRevoked),
    suspicious: [...ofDac, ...ofPai].filter((entry) => !entry.isGenuine).map(({ place }) => place),
  }
}

/** A warning for each entry that is not genuine: it revokes nothing, whatever it names. */
export function revocationFindings(set: RevocationSet): readonly Finding[] {
  return [...set.entries.entries()].flatMap(([issuer, entries]) =>
    entries
      .filter(({ isGenuine }) => !isGenuine)
      .map(({ place }): Finding => ({
        rule: 'ATT-13',
        severity: 'warning',
        field: place,
        value: issuer.split('/', 1)[0] ?? '',
        message:
          'the signer of the entry is neither its issuer nor one to whom the issuer delegated the list, so it revokes nothing',
        remedy: 'export the revocation set again; ask whoever published the entry',
      })),
  )
}

function sdkResultOf(dacRevoked: boolean, paiRevoked: boolean): RevocationResult['sdkResult'] {
  if (dacRevoked && paiRevoked) return 'kPaiAndDacRevoked'
  if (paiRevoked) return 'kPaiRevoked'
  return dacRevoked ? 'kDacRevoked' : 'kSuccess'
}

function entriesNaming(certificate: Certificate, set: RevocationSet): readonly RevocationEntry[] {
  const keyId = authorityKeyIdOf(certificate)
  if (keyId === undefined) return []
  const serial = integerText(toHex(certificate.serialNumber))
  const entries = set.entries.get(issuerKey(keyId, certificate.issuer)) ?? []
  return entries.filter(({ serialNumbers }) => serialNumbers.has(serial))
}

function readEntry(item: unknown, place: string): { issuer: string; entry: RevocationEntry } {
  if (typeof item !== 'object' || item === null) throw unusable(place, 'is not an object')
  const members = new Map<string, unknown>(Object.entries(item))
  const text = (name: string): string => {
    const value = members.get(name)
    if (typeof value !== 'string') throw unusable(place, `has no text ${name}`)
    return value
  }
  if (text('type') !== 'revocation_set') throw unusable(place, 'is not of the type revocation_set')
  const serials = members.get('revoked_serial_numbers')
  if (!Array.isArray(serials)) throw unusable(place, 'has no list revoked_serial_numbers')
  const serialNumbers = serials.map((serial: unknown) => {
    if (typeof serial !== 'string' || !/^[0-9A-Fa-f]+$/.test(serial)) {
      throw unusable(place, 'has a serial number that is not hexadecimal')
    }
    return integerText(serial)
  })
  try {
    const keyId = fromHex(text('issuer_subject_key_id'), 'issuer_subject_key_id')
    const issuerName = fromBase64(text('issuer_name'), 'issuer_name')
    const authority = members.has('crl_signer_delegator')
      ? 'crl_signer_delegator'
      : 'crl_signer_cert'
    const signer = parseOrUndefined(fromBase64(text(authority), authority))
    const signerKeyId = signer === undefined ? undefined : subjectKeyIdOf(signer)
    const isGenuine =
      signer !== undefined &&
      signerKeyId !== undefined &&
      equalOctets(signerKeyId, keyId) &&
      equalOctets(signer.subject, issuerName)
    return {
      issuer: issuerKey(keyId, issuerName),
      entry: { place, serialNumbers: new Set(serialNumbers), isGenuine },
    }
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
    throw unusable(place, cause.message, cause)
  }
}

function issuerKey(keyId: Uint8Array, name: Uint8Array): string {
  return `${toHex(keyId)}/${toHex(name)}`
}

function integerText(hex: string): string {
  return hex.toLowerCase().replace(/^0+(?=.)/, '')
}

function unusable(place: string, what: string, cause?: unknown): MatterError {
  return new MatterError('REVOCATION_SET', `${place} ${what}`, { cause })
}
