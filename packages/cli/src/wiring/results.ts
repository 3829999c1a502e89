import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { Ledger, UnitReport } from '@keyline/ledger'
import {
  signManifest,
  type AnyOrder,
  type ManifestBody,
  type ManifestUnit,
  type UnitSecrets,
} from '@keyline/ledger/records'
import {
  isForDevices,
  makeResultFolder,
  onboardingOf,
  passportOf,
  removeUnitFiles,
  summaryText,
  unitFolder,
  writePassport,
  writeUnitFiles,
  writeWhole,
  type Passport,
  type AnyPreparedOrder,
  type RunSummary,
} from '@keyline/station'
import { parseCertificate, pemEncode } from '@keyline/x509'
import type { LinePki } from './pki.ts'
import { manifestKey } from './manifest-key.ts'

export interface ResultsOptions {
  readonly folder: string
  readonly ledger: Ledger
  readonly prepared: AnyPreparedOrder
  /** The authorities of Matter devices. */
  readonly pki?: Pick<LinePki, 'paa' | 'pai'> | undefined
}

/** The passport of a unit as the ledger has it now. */
export function passportOfReport(
  report: UnitReport,
  { order }: { readonly order: AnyOrder },
): Passport {
  return passportOf({
    unit: report.unit,
    order,
    verdict: report.verdict,
    decidedAt: report.decidedAt,
    certificates: report.certificates,
    reworks: report.reworks,
    scrap: report.scrap,
  })
}

/** Writes the folder of one unit that has passed, from what the ledger holds; known secrets need not be opened again. */
export async function writeUnitResults(
  options: ResultsOptions,
  unitId: string,
  known?: UnitSecrets,
): Promise<void> {
  const { folder, ledger, prepared, pki } = options
  const report = await ledger.unit(unitId)
  if (isForDevices(prepared)) {
    if (report !== undefined) writePassport(folder, passportOfReport(report, prepared))
    return
  }
  const dac = report?.certificates.findLast((entry) => entry.state === 'live')?.certificate
  if (report === undefined || dac === undefined || pki === undefined) return
  const secrets = known ?? (await ledger.reveal(unitId))
  const codes = onboardingOf({ order: prepared.order, ...prepared.order.product, ...secrets })
  writeUnitFiles(folder, {
    passport: passportOfReport(report, prepared),
    dac,
    pai: pki.pai,
    codes,
  })
}

export interface OrderResults extends ResultsOptions {
  readonly run: string
  readonly summary: RunSummary
  readonly createdAt: number
}

/**
 * Completes the results of an order: folders that a crash left out, PAA, summary, and the signed manifest,
 * whose audit head is taken after the last record of the batch.
 */
export async function writeOrderResults(options: OrderResults): Promise<void> {
  const { folder, ledger, prepared, pki, summary } = options
  makeResultFolder(folder)
  const reports = await ledger.unitsOf(prepared.order.id)
  for (const { unit, verdict, reworks, scrap } of reports) {
    // What was written before a rework or a scrap says what is true no more.
    const isStale = scrap !== undefined || (reworks.length > 0 && verdict?.verdict !== 'PASS')
    if (isStale) removeUnitFiles(folder, unit.serialNumber)
    const passport = join(unitFolder(folder, unit.serialNumber), 'passport.json')
    const size = await stat(passport).then(
      (found) => found.size,
      () => 0,
    )
    const isMade = verdict?.verdict === 'PASS' && scrap === undefined
    if (isMade && size === 0) await writeUnitResults(options, unit.id)
  }
  if (pki !== undefined) {
    writeWhole(join(folder, 'paa.pem'), pemEncode('CERTIFICATE', pki.paa))
    writeWhole(join(folder, 'pai.pem'), pemEncode('CERTIFICATE', pki.pai))
  }
  if (hasDecided(summary)) writeSummary(folder, summary)
  const key = await manifestKey(ledger)
  const { order } = prepared
  const manifest = signManifest(
    {
      format: 'keyline-manifest/1',
      order: order.id,
      run: options.run,
      createdAt: new Date(options.createdAt).toISOString(),
      ...contentOf(order),
      units: reports.flatMap(manifestUnit),
      audit: await ledger.head(),
    },
    key,
  )
  writeWhole(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
}

/** What the boards of an order get, by its hashes. */
function contentOf(order: AnyOrder): Pick<ManifestBody, 'product' | 'images'> {
  const application = order.images.application.sha256
  if (order.platform === 'u3') {
    const images = { provisioning: null, application, certificationDeclaration: null }
    return { product: null, images }
  }
  const { vendorId, productId } = order.product
  const provisioning = order.images.provisioning?.sha256 ?? null
  const certificationDeclaration = order.certificationDeclaration.sha256
  return {
    product: { vendorId, productId },
    images: { provisioning, application, certificationDeclaration },
  }
}

function manifestUnit(report: UnitReport): readonly ManifestUnit[] {
  const { unit, verdict, scrap } = report
  if (verdict === undefined || scrap !== undefined) return []
  const live = report.certificates.findLast((entry) => entry.state === 'live')
  return [
    {
      serialNumber: unit.serialNumber,
      unit: unit.id,
      verdict: verdict.verdict,
      ...(unit.boardUid === undefined ? {} : { board: unit.boardUid }),
      ...(live === undefined ? {} : { certificate: describe(live.certificate) }),
    },
  ]
}

function describe(der: Uint8Array): NonNullable<ManifestUnit['certificate']> {
  const certificate = parseCertificate(der)
  return {
    serialNumber: toHex(certificate.serialNumber),
    sha256: toHex(sha256(der)),
    publicKeySha256: toHex(sha256(certificate.spki.der)),
  }
}

/** A run that found nothing to do leaves the summary of the one that did. */
function hasDecided({ pass, fail, error, quarantine }: RunSummary): boolean {
  return pass + fail + error + quarantine > 0
}

function writeSummary(folder: string, summary: RunSummary): void {
  writeWhole(join(folder, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`)
  writeWhole(join(folder, 'summary.txt'), summaryText(summary))
}
