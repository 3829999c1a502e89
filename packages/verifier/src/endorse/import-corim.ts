import { toHex } from '@keyline/bytes'
import {
  decodeCorim,
  decodeSignedCorim,
  EatError,
  isSignedCorim,
  readPsaStatements,
  type Corim,
  type PsaReadOptions,
  type PsaStatement,
} from '@keyline/eat'
import { VerifierError } from '../errors.ts'
import { isAnchorCurve, isWithin, type TrustAnchor } from '../store/anchor.ts'
import type { EndorsementStore, EndorsementTransaction, Placement } from '../store/trust-store.ts'
import { requireAcceptedSigner, type AcceptedSigners } from './corim-signer.ts'

export interface ImportOptions {
  /** Seconds since 1970. */
  readonly time: number
  /** Shows what would be stored, and stores nothing. */
  readonly isDryRun?: boolean | undefined
  /** Gives a known instance another key: for a manager alone (V18). */
  readonly replace?: boolean | undefined
  /** Who may sign; without any, unsigned CoRIMs are accepted and signed ones refused. */
  readonly signers?: AcceptedSigners | undefined
  /** Profile that the sender names beside the CoRIM, which must be that of the CoRIM. */
  readonly profile?: string | undefined
  /** Brings triples of another way of writing into that of the profile: for an importer that is asked to be lenient (V16). */
  readonly convert?: PsaReadOptions['convert']
}

/** How many statements of a kind were new, known before, or took the place of another. */
export interface ImportCount {
  readonly added: number
  readonly present: number
  readonly replaced: number
}

/** What was understood of a CoRIM. */
export interface ImportReport {
  /** Text, or a UUID in hexadecimal. */
  readonly corimId: string
  readonly signer: string | undefined
  readonly isDryRun: boolean
  readonly trustAnchors: ImportCount
  readonly referenceValues: ImportCount
  readonly certifications: ImportCount
  /** Places and kinds of what is not used. */
  readonly warnings: readonly string[]
}

/** Lines of warnings that a report keeps. */
const mostWarnings = 100

/**
 * Imports a CoRIM of the PSA profile, signed or not, all of it or nothing. Its statements go to the transaction one by
 * one. A signature is checked before anything is stored.
 * @throws EatError `E_CBOR_…`, `E_COSE_…`, `E_CORIM_…`; VerifierError `E_CORIM_SIGNATURE`, `E_CORIM_CONFLICT`,
 * `E_CORIM_VALIDITY`; what the store throws
 */
export async function importCorim(
  octets: Uint8Array,
  store: EndorsementStore,
  options: ImportOptions,
): Promise<ImportReport> {
  const { corim, signer } = openCorim(octets, options)
  requireProfile(corim, options.profile)
  if (corim.validity !== undefined && !isWithin(corim.validity, options.time)) {
    throw new VerifierError('E_CORIM_VALIDITY', `the CoRIM is not valid at ${options.time}`)
  }
  const corimId = typeof corim.id === 'string' ? corim.id : toHex(corim.id)
  const transaction = await store.begin({ id: corimId, validity: corim.validity })
  const tally = new Tally()
  try {
    await placeAll(readPsaStatements(corim, { convert: options.convert }), {
      transaction,
      tally,
      replace: options.replace ?? false,
    })
    if (options.isDryRun === true) await transaction.rollback()
    else await transaction.commit()
  } catch (error) {
    await transaction.rollback()
    throw error
  }
  return { corimId, signer, isDryRun: options.isDryRun ?? false, ...tally.report() }
}

function openCorim(octets: Uint8Array, { signers, time }: ImportOptions) {
  if (!isSignedCorim(octets)) return { corim: decodeCorim(octets), signer: undefined }
  const signed = decodeSignedCorim(octets)
  requireAcceptedSigner(signed, signers ?? {}, time)
  return { corim: signed.corim, signer: signed.meta?.signer }
}

function requireProfile({ profile }: Corim, wanted: string | undefined): void {
  if (wanted === undefined || profile === undefined) return
  if (profile.type === 'uri' && profile.uri === wanted) return
  const found = profile.type === 'uri' ? profile.uri : 'an object identifier'
  const message = `the profile of the CoRIM is ${found}, the sender names ${wanted}`
  throw new EatError('E_CORIM_PROFILE_UNSUPPORTED', message)
}

interface Placing {
  readonly transaction: EndorsementTransaction
  readonly tally: Tally
  readonly replace: boolean
}

/** Statements that are on their way to the store together, so that it can place them with few questions. */
const statementsTogether = 256

/** In their order: of several refusals the first one is thrown. */
async function placeAll(statements: Iterable<PsaStatement>, placing: Placing): Promise<void> {
  let pending: Promise<void>[] = []
  try {
    for (const statement of statements) {
      pending.push(place(statement, placing))
      if (pending.length < statementsTogether) continue
      await inOrder(pending)
      pending = []
    }
    await inOrder(pending)
  } finally {
    await Promise.allSettled(pending)
  }
}

async function inOrder(pending: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(pending)) {
    if (outcome.status === 'rejected') throw outcome.reason
  }
}

async function place(
  statement: PsaStatement,
  { transaction, tally, replace }: Placing,
): Promise<void> {
  switch (statement.kind) {
    case 'trust-anchor': {
      const { implementationId, instanceId, publicKey } = statement.value
      const { curve, octets: point } = publicKey
      if (!isAnchorCurve(curve)) throw new TypeError(`an attestation key on ${curve}`)
      const anchor: Pick<TrustAnchor, 'implementationId' | 'instanceId' | 'key'> = {
        implementationId,
        instanceId,
        key: { type: 'ec', curve, point },
      }
      const placement = await transaction.addAnchor(anchor, { replace })
      if (placement === 'conflict') {
        const message = `${statement.path}: instance ${toHex(instanceId)} has another key already`
        throw new VerifierError('E_CORIM_CONFLICT', message)
      }
      return tally.count('trustAnchors', placement)
    }
    case 'reference-value':
      return tally.count('referenceValues', await transaction.addReference(statement.value))
    case 'certification':
      return tally.count('certifications', await transaction.addCertification(statement.value))
    case 'ignored':
      return tally.warn(`${statement.path}: ${statement.what} is not used`)
    default:
      return statement satisfies never
  }
}

type TallyKind = 'trustAnchors' | 'referenceValues' | 'certifications'

class Tally {
  readonly #counts = {
    trustAnchors: { added: 0, present: 0, replaced: 0 },
    referenceValues: { added: 0, present: 0, replaced: 0 },
    certifications: { added: 0, present: 0, replaced: 0 },
  }
  readonly #warnings: string[] = []
  #unsaid = 0

  count(kind: TallyKind, placement: Placement): void {
    if (placement !== 'conflict') this.#counts[kind][placement]++
  }

  warn(text: string): void {
    if (this.#warnings.length < mostWarnings) this.#warnings.push(text)
    else this.#unsaid++
  }

  report() {
    const more = this.#unsaid === 0 ? [] : [`${this.#unsaid} more are not shown`]
    return { ...this.#counts, warnings: [...this.#warnings, ...more] }
  }
}
