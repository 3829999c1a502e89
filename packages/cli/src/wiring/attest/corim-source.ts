import {
  encodePsaCorim,
  fromDraftForm,
  readOlderPsaStatements,
  type PsaReferenceValue,
  type PsaTrustAnchor,
} from '@keyline/eat'
import { toHex } from '@keyline/bytes'
import { sha256, type CurvePublicKey } from '@keyline/crypto'
import { importCorim, type EndorsementStore, type ImportReport } from '@keyline/verifier'
import { CliError } from '../../errors.ts'
import { recogniseMessage } from './recognise.ts'

export interface CorimImportOptions {
  /** Seconds since 1970. */
  readonly time: number
  readonly isDryRun?: boolean | undefined
  readonly replace?: boolean | undefined
  /** Keys whose signatures under CoRIMs are accepted. */
  readonly signers?: readonly CurvePublicKey[] | undefined
  /** Takes the forms of authoring drafts (V16). */
  readonly isLenient?: boolean | undefined
}

/**
 * Imports a CoRIM of either profile; that before 2025 is brought into the newer form first.
 * @throws EatError, VerifierError; CliError `CLI_INPUT` for something else than a CoRIM
 */
export function importAnyCorim(
  octets: Uint8Array,
  place: string,
  store: EndorsementStore,
  options: CorimImportOptions,
): Promise<ImportReport> {
  const kind = recogniseMessage(octets)
  switch (kind) {
    case 'corim':
    case 'signed-corim':
      return importCorim(octets, store, settingsOf(options))
    case 'older-corim':
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
