import { toHex, type JsonValue } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { AttestationTenant } from '@keyline/ledger/attestation'
import {
  MemoryTrustStore,
  type AnchorState,
  type EndorsementStore,
  type ImportReport,
} from '@keyline/verifier'
import { CliError } from '../../errors.ts'
import { ExitCode } from '../../exit-code.ts'
import { placeOf, readCertificate } from '../pki-input.ts'
import { writeWhole } from '../pki-output.ts'
import { fieldsText } from '../stsafe-text.ts'
import { certificateSummary } from './certificate-summary.ts'
import { submitCorim } from './challenge-response.ts'
import { textOctets } from './challenge.ts'
import { explainCorim } from './corim-report.ts'
import { importAnyCorim } from './corim-source.ts'
import { makeEndorsement, signEndorsement, type EndorsementOptions } from './endorsement.ts'
import { readWritten } from './evidence-input.ts'
import { recogniseMessage } from './recognise.ts'
import { VerifierService, type ServiceOptions } from './service.ts'
import { readPublicKey } from './trust.ts'
import { withRecord, type RecordOptions } from './record.ts'

/** What a command found: the text for people, the document for `--json`, how it ends. */
export interface EndorseReport {
  readonly text: string
  readonly document: Readonly<Record<string, JsonValue>>
  readonly code: ExitCode
}

export interface StateOptions extends RecordOptions {
  readonly tenant: string
}

export interface ImportFileOptions extends StateOptions {
  readonly dryRun?: boolean | undefined
  readonly replace?: boolean | undefined
  readonly lenientPsaDraft?: boolean | undefined
  readonly signer?: readonly string[] | undefined
}

export async function makeFile(
  options: EndorsementOptions & { readonly out: string },
): Promise<EndorseReport> {
  const { corim, id, devices, references } = await makeEndorsement(options)
  const { out } = options
  await writeWhole({ path: out, content: corim })
  return {
    text: `CoRIM ${JSON.stringify(id)} in ${out}: devices ${devices}, reference values ${references}\n`,
    document: { corim: out, id, devices, referenceValues: references, octets: corim.length },
    code: ExitCode.done,
  }
}

export async function signFile(
  path: string,
  options: {
    readonly key: string
    readonly name: string
    readonly out: string
    readonly passphraseFile?: string | undefined
  },
): Promise<EndorseReport> {
  const { octets, kind } = await readCorim(path)
  if (kind !== 'corim') {
    throw new CliError('CLI_INPUT', `${placeOf(path)} is no unsigned CoRIM with the tag 501`)
  }
  const signed = await signEndorsement(octets, options)
  await writeWhole({ path: options.out, content: signed })
  return {
    text: `CoRIM signed by ${JSON.stringify(options.name)} in ${options.out}\n`,
    document: { corim: options.out, signer: options.name, octets: signed.length },
    code: ExitCode.done,
  }
}

export async function showFile(
  path: string,
  { lenientPsaDraft: isLenient }: { readonly lenientPsaDraft?: boolean | undefined },
): Promise<EndorseReport> {
  const { octets, kind } = await readCorim(path)
  const { text, document, isSound } = explainCorim(octets, { kind, isLenient })
  return { text, document, code: isSound ? ExitCode.done : ExitCode.failed }
}

/** Who did it, in the record. */
const actor = 'keyline attest endorse'

/** Imports one CoRIM after the other; what was stored before a refusal stays. */
export async function importFiles(
  paths: readonly string[],
  options: ImportFileOptions,
): Promise<EndorseReport> {
  const { dryRun: isDryRun, replace, lenientPsaDraft: isLenient, database, tenant } = options
  const signers = await Promise.all((options.signer ?? []).map(readPublicKey))
  const now = Date.now()
  const corims = await Promise.all(paths.map(readCorim))
  const settings = {
    time: Math.trunc(now / 1000),
    isDryRun,
    replace,
    signers,
    isLenient,
  }
  const importInto = async (stores: ImportStores): Promise<readonly ImportReport[]> => {
    const reports: ImportReport[] = []
    for (const { octets, place } of corims) {
      const report = await importAnyCorim(octets, place, stores.endorsements, settings)
      if (isDryRun !== true) await stores.corims?.record(submissionOf(octets, report, now))
      reports.push(report)
    }
    return reports
  }
  // Without a database a dry run compares with nothing: everything is new.
  const isAlone = isDryRun === true && (database ?? process.env['KEYLINE_LEDGER'] ?? '') === ''
  const reports = isAlone
    ? await importInto({ endorsements: new MemoryTrustStore() })
    : await withRecord(options, actor, (record) => importInto(record.tenant(tenant)))
  return {
    text: reports.map(reportText).join('\n'),
    document: { imports: reports.map(reportDocument) },
    code: ExitCode.done,
  }
}

interface ImportStores {
  readonly endorsements: EndorsementStore
  readonly corims?: Pick<AttestationTenant['corims'], 'record'>
}

function submissionOf(octets: Uint8Array, { corimId, signer }: ImportReport, submittedAt: number) {
  const hash = toHex(sha256(octets))
  return {
    corimId,
    sha256: hash,
    octets: octets.length,
    signer,
    submittedBy: actor,
    submittedAt,
  }
}

/** Submits one CoRIM after the other; a refusal of one does not keep the others back. */
export async function submitFiles(
  paths: readonly string[],
  options: Partial<ServiceOptions>,
): Promise<EndorseReport> {
  const { url } = options
  if (url === undefined) {
    throw new CliError('CLI_USAGE', 'no service is named', {
      remedy: 'name it with --url https://HOST:PORT',
    })
  }
  const corims = await Promise.all(paths.map(readCorim))
  const service = await VerifierService.at({ ...options, url })
  const lines: string[] = []
  const documents: JsonValue[] = []
  let code: ExitCode = ExitCode.done
  for (const { octets, kind, place } of corims) {
    if (kind === 'older-corim') {
      throw new CliError('CLI_INPUT', `${place} has the older profile, which no service takes`, {
        remedy: 'import it with `keyline attest endorse import` on the machine of the verifier',
      })
    }
    const { isAccepted, reason } = await submitCorim(service, octets, kind)
    if (!isAccepted) code = ExitCode.failed
    lines.push(
      `${place} ${isAccepted ? 'is accepted' : `is refused: ${reason ?? 'no reason is given'}`}\n`,
    )
    documents.push({ corim: place, accepted: isAccepted, reason: reason ?? null })
  }
  return { text: lines.join(''), document: { submissions: documents }, code }
}

/** Trusts the authority of device certificates, or no more. */
export async function setAuthority(
  path: string,
  options: StateOptions & {
    readonly acceptCertified?: boolean | undefined
    readonly remove?: boolean | undefined
  },
): Promise<EndorseReport> {
  const certificate = await readCertificate(path)
  const name = toHex(sha256(certificate))
  const { tenant, acceptCertified: acceptUnregistered, remove } = options
  const { text: subject } = certificateSummary(certificate)
  const isDone = await withRecord({ ...options, mustExist: remove }, actor, async (record) => {
    const { authorities } = record.tenant(tenant)
    if (remove === true) return authorities.remove(name)
    await authorities.trust({ certificate, acceptUnregistered })
    return true
  })
  const word = remove !== true ? 'is trusted' : isDone ? 'is trusted no more' : 'was not trusted'
  return {
    text: `${subject} ${word}\n`,
    document: { certificate: name, trusted: remove !== true },
    code: isDone ? ExitCode.done : ExitCode.failed,
  }
}

/** Revokes or restores devices. */
export async function setStates(
  ids: readonly string[],
  state: AnchorState,
  options: StateOptions,
): Promise<EndorseReport> {
  const instances = ids.map((id) => {
    const octets = textOctets(id, 'the instance id')
    if (octets.length === 33 && octets[0] === 1) return octets
    throw new CliError('CLI_USAGE', `${id} is no instance id: 33 octets, the first 01`)
  })
  const known = await withRecord({ ...options, mustExist: true }, actor, async (record) => {
    const { endorsements } = record.tenant(options.tenant)
    const found: boolean[] = []
    for (const instanceId of instances) found.push(await endorsements.setState(instanceId, state))
    return found
  })
  const done = state === 'revoked' ? 'is revoked' : 'is trusted again'
  return {
    text: instances
      .map((id, index) => `${toHex(id)} ${known[index] === true ? done : 'is not known'}\n`)
      .join(''),
    document: {
      devices: instances.map((id, index) => ({
        instanceId: toHex(id),
        known: known[index] === true,
        state: known[index] === true ? state : null,
      })),
    },
    code: known.every(Boolean) ? ExitCode.done : ExitCode.failed,
  }
}

interface CorimFile {
  readonly place: string
  readonly octets: Uint8Array
  readonly kind: 'corim' | 'signed-corim' | 'older-corim'
}

async function readCorim(path: string): Promise<CorimFile> {
  const message = await readWritten(path)
  const { place } = message
  if ('octets' in message) {
    const { octets } = message
    const kind = recogniseMessage(octets)
    if (kind === 'corim' || kind === 'signed-corim' || kind === 'older-corim') {
      return { place, octets, kind }
    }
  }
  throw new CliError('CLI_INPUT', `${place} is no CoRIM`, {
    remedy: '`keyline attest inspect` tells what it is',
  })
}

function reportText(report: ImportReport): string {
  const { corimId, signer, isDryRun, trustAnchors, referenceValues, certifications } = report
  return fieldsText({
    CoRIM: JSON.stringify(corimId),
    ...(signer !== undefined && { signer: JSON.stringify(signer) }),
    devices: countText(trustAnchors),
    'reference values': countText(referenceValues),
    certifications: countText(certifications),
    ...(report.warnings.length > 0 && { 'not used': report.warnings.join('; ') }),
    result: isDryRun ? 'nothing was stored' : 'stored',
  })
}

function countText({ added, present, replaced }: ImportReport['trustAnchors']): string {
  return `${added} new, ${present} known${replaced === 0 ? '' : `, ${replaced} replaced`}`
}

function reportDocument(report: ImportReport): JsonValue {
  const { corimId, signer, isDryRun, trustAnchors, referenceValues, certifications, warnings } =
    report
  return {
    corimId,
    signer: signer ?? null,
    stored: !isDryRun,
    trustAnchors: { ...trustAnchors },
    referenceValues: { ...referenceValues },
    certifications: { ...certifications },
    warnings: [...warnings],
  }
}
