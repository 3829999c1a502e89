import { toHex } from '@keyline/bytes'
import {
  EatError,
  encodePsaCorim,
  fromDraftForm,
  readOlderPsaStatements,
  type PsaReferenceValue,
  type PsaTrustAnchor,
} from '@keyline/eat'
import { sha256, type CurvePublicKey } from '@keyline/crypto'
import {
  importCorim,
  VerifierError,
  type EndorsementStore,
  type ImportReport,
} from '@keyline/verifier'
import { CliError } from '../../errors.ts'
import { recogniseMessage } from './recognise.ts'

export interface CorimImportOptions {
  /** Seconds since 1970. */
  readonly time: number
  readonly isDryRun?: boolean | undefined
  readonly replace?: boolean | undefined
  /** Keys of which one must have signed; without any, unsigned CoRIMs are taken and signed ones refused. */
  readonly signers?: readonly CurvePublicKey[] | undefined
  /** Takes the forms of authoring drafts (V16). */
  readonly isLenient?: boolean | undefined
}

/**
 * Imports a CoRIM of either profile; that before 2025 is brought into the newer form first.
 * @throws EatError; VerifierError, `E_CORIM_SIGNATURE` also for an unsigned one where signers are named; CliError `CLI_INPUT` for something else than a CoRIM
 */
export async function importAnyCorim(
  octets: Uint8Array,
  place: string,
  store: EndorsementStore,
  options: CorimImportOptions,
): Promise<ImportReport> {
  try {
    return await importKind(octets, place, store, options)
  } catch (cause) {
    throw namedBy(place, cause)
  }
}

/** The same refusal, with the file that it is about. */
function namedBy(place: string, cause: unknown): unknown {
  if (!(cause instanceof EatError)) return cause
  const { code, message, remedy, details } = cause
  return new EatError(code, `${place}: ${message}`, { cause, remedy, details })
}

async function importKind(
  octets: Uint8Array,
  place: string,
  store: EndorsementStore,
  options: CorimImportOptions,
): Promise<ImportReport> {
  const kind = recogniseMessage(octets)
  switch (kind) {
    case 'signed-corim':
      return importCorim(octets, store, settingsOf(options))
    case 'corim':
      requireNoSigner(place, options)
      return importCorim(octets, store, settingsOf(options))
    case 'older-corim':
      requireNoSigner(place, options)
      return importCorim(fromOlderForm(octets), store, settingsOf(options))
    case 'token':
    case 'claims':
    case 'ear':
    case 'st-sample':
    case 'unknown':
      throw new CliError('CLI_INPUT', `${place} is no CoRIM`, {
        remedy: '`keyline attest inspect` tells what it is',
      })
    default:
      return kind satisfies never
  }
}

function requireNoSigner(place: string, { signers = [] }: CorimImportOptions): void {
  if (signers.length === 0) return
  throw new VerifierError('E_CORIM_SIGNATURE', `${place} is not signed, and signers are named`)
}

function settingsOf({ time, isDryRun, replace, signers, isLenient }: CorimImportOptions) {
  return {
    time,
    isDryRun,
    replace,
    ...(signers !== undefined && signers.length > 0 && { signers: { keys: signers } }),
    ...(isLenient === true && { convert: fromDraftForm }),
  }
}

/** The same statements in the profile of 2025; its id is the hash of the old form, so that the same file is the same CoRIM. */
function fromOlderForm(octets: Uint8Array): Uint8Array {
  const trustAnchors: PsaTrustAnchor[] = []
  const referenceValues: PsaReferenceValue[] = []
  for (const statement of readOlderPsaStatements(octets)) {
    if (statement.kind === 'trust-anchor') trustAnchors.push(statement.value)
    else if (statement.kind === 'reference-value') referenceValues.push(statement.value)
  }
  const id = `older-${toHex(sha256(octets).subarray(0, 16))}`
  return encodePsaCorim({ id, tagId: id, trustAnchors, referenceValues })
}
