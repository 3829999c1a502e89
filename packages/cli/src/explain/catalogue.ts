import { boardErrorTable } from '@keyline/board'
import { bytesErrorTable, type ErrorTable, type RuleTable } from '@keyline/bytes'
import { cryptoErrorTable } from '@keyline/crypto'
import { eatErrorTable } from '@keyline/eat'
import {
  issuerErrorTable,
  issuingRules,
  lintRules,
  requestRules,
  revocationRules,
} from '@keyline/issuer'
import { auditRules, ledgerErrorTable } from '@keyline/ledger'
import {
  attestationRules,
  batchRules,
  factoryDataRules,
  infoRules,
  matterErrorTable,
  payloadRules,
  SdkResult,
  sdkResults,
} from '@keyline/matter'
import { psaErrorTable } from '@keyline/psa'
import { knownEvidence, optionRules, orderRules, stationErrorTable } from '@keyline/station'
import { serverErrorTable } from '@keyline/server'
import { stsafeErrorTable } from '@keyline/stsafe'
import { stsafeSimErrorTable } from '@keyline/stsafe-sim'
import { verifierErrorTable } from '@keyline/verifier'
import { x509ErrorTable } from '@keyline/x509'
import { cliErrorTable } from '../errors.ts'

/** One code with all that is said of it. */
export interface CatalogueEntry {
  readonly code: string
  /** Where it comes from: the room of an error, or the family of a rule. */
  readonly family: string
  /** Who has to act, or how much the rule weighs. */
  readonly weight: string
  readonly meaning: string
  readonly remedy: string
}

const errorTables: readonly (readonly [string, ErrorTable])[] = [
  ['bytes', bytesErrorTable],
  ['crypto', cryptoErrorTable],
  ['x509', x509ErrorTable],
  ['stsafe', stsafeErrorTable],
  ['stsafe-sim', stsafeSimErrorTable],
  ['matter', matterErrorTable],
  ['eat', eatErrorTable],
  ['psa', psaErrorTable],
  ['verifier', verifierErrorTable],
  ['board', boardErrorTable],
  ['ledger', ledgerErrorTable],
  ['issuer', issuerErrorTable],
  ['station', stationErrorTable],
  ['server', serverErrorTable],
  ['cli', cliErrorTable],
]

const ruleTables: readonly (readonly [string, RuleTable])[] = [
  ['factory data', factoryDataRules],
  ['batch', batchRules],
  ['attribute', infoRules],
  ['onboarding payload', payloadRules],
  ['attestation', attestationRules],
  ['certificate request', requestRules],
  ['issuing', issuingRules],
  ['certificate lint', lintRules],
  ['revocation', revocationRules],
  ['work order', orderRules],
  ['command line of genFactoryData', optionRules],
  ['audit chain', auditRules],
]

/** Every code that a user can meet, by family and code. */
export function catalogue(): readonly CatalogueEntry[] {
  const errors = errorTables.flatMap(([family, table]) =>
    Object.entries(table).map(([code, { fault, meaning, remedy }]) => ({
      code,
      family,
      weight: `fault: ${fault}`,
      meaning,
      remedy,
    })),
  )
  const rules = ruleTables.flatMap(([family, table]) =>
    Object.entries(table).map(([code, { severity, text, remedy }]) => ({
      code,
      family,
      weight: severity,
      meaning: text,
      remedy,
    })),
  )
  return [...errors, ...rules, ...sdkNumbers(), ...verdictReasons]
}

/** What a commissioner's log shows: the numbers of the SDK's verifier. */
function sdkNumbers(): readonly CatalogueEntry[] {
  return Object.entries(sdkResults).map(([name, { causes, checks, remedy }]) => ({
    code: String(new Map<string, number>(Object.entries(SdkResult)).get(name)),
    family: 'result of a commissioner',
    weight: name,
    meaning: `Commissioning ends in ${checks.join(' or ')}. Usual causes: ${causes.join('; ')}.`,
    remedy,
  }))
}

/** Reasons of verdicts that are neither errors nor rules. */
const verdictReasons: readonly CatalogueEntry[] = [
  ...knownEvidence.map(({ kind, proves }) => ({
    code: `EVIDENCE_${kind.toUpperCase()}`,
    family: 'evidence',
    weight: 'verdict FAIL',
    meaning: `The evidence "${kind}" is wrong. It proves that ${proves}.`,
    remedy: 'take the board out; the facts of the evidence stand in its passport',
  })),
  {
    code: 'STATION_BUG',
    family: 'verdict',
    weight: 'verdict ERROR or QUARANTINE',
    meaning:
      'An error ended the flow that this program does not know: a fault of its own, not of the board.',
    remedy: 'report it with the journal of the run',
  },
  {
    code: 'EVIDENCE_MISSING',
    family: 'evidence',
    weight: 'verdict QUARANTINE',
    meaning: 'A piece of evidence that PASS needs is missing.',
    remedy: 'keep the board in its slot and run with --resume',
  },
]
