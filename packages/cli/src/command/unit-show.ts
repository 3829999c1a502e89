import { Command } from 'commander'
import type { Passport } from '@keyline/station'
import { ExitCode } from '../exit-code.ts'
import { paint, type Output } from '../terminal/output.ts'
import { verdictMarks } from '../terminal/verdict-mark.ts'
import { withLedger } from '../wiring/pki-revocation.ts'
import { passportOfReport } from '../wiring/results.ts'
import { findUnit } from '../wiring/unit-aftercare.ts'
import { defaultHome, ledgerOption, type StationOptions } from './options.ts'

/** `keyline unit show`: all that the ledger knows of a unit. It shows no secret. */
export function unitShowCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('show')
    .summary('all that is known of one unit')
    .argument('<unit>', 'serial number or id')
    .option('--home <folder>', 'ledger of the station', defaultHome)
    .option(...ledgerOption)
    .option('--json', 'the passport as JSON')
    .action(async (name: string, options: StationOptions) => {
      const { report, order } = await withLedger(options, (ledger) => findUnit(ledger, name))
      const passport = passportOfReport(report, { order })
      output.out(
        options.json === true
          ? `${JSON.stringify(passport, null, 2)}\n`
          : passportText(passport, output),
      )
      end(ExitCode.done)
    })
}

function productText({ product, platform }: Passport): string {
  if (product === null) return `board of ${platform} without Matter`
  return `${product.productName} (${hex(product.vendorId)}/${hex(product.productId)})`
}

function passportText(passport: Passport, output: Output): string {
  const { verdict } = passport
  const rows: [string, string][] = [
    ['serial number', passport.serialNumber],
    ['unit', passport.unit],
    ['order', `${passport.order}, ${passport.sequence}`],
    ['product', productText(passport)],
    ['board', passport.board ?? '–'],
    ['made', passport.createdAt],
    ['application', passport.firmware.application],
  ]
  if (verdict === null) rows.push(['verdict', 'none yet'])
  else {
    const { mark, colour } = verdictMarks[verdict.verdict]
    rows.push([
      'verdict',
      `${paint(output, colour, `${mark} ${verdict.verdict}`)}  ${verdict.message}`,
    ])
    if (verdict.remedy !== '') rows.push(['remedy', verdict.remedy])
    for (const piece of verdict.evidence) {
      const facts = Object.entries(piece.facts).map(([key, value]) => `${key} ${value}`)
      rows.push([`  ${piece.kind}`, `${piece.ok ? 'ok   ' : 'WRONG'} ${facts.join(', ')}`])
    }
  }
  for (const certificate of passport.certificates) {
    rows.push([
      'certificate',
      `${certificate.state}  serial ${certificate.serialNumber}  issued ${certificate.issuedAt}`,
    ])
  }
  for (const { attempt, board, verdict: before, verdictReason, rework } of passport.lineage) {
    rows.push([
      `before, ${attempt}`,
      `${before} ${verdictReason} on board ${board ?? '–'}; rework ${rework.openedAt}: ${rework.reason}${noteOf(rework.note)}`,
    ])
  }
  if (passport.scrap !== null) {
    const { at, reason, note } = passport.scrap
    rows.push(['scrapped', `${at}: ${reason}${noteOf(note)}`])
  }
  return rows.map(([label, value]) => `${label.padEnd(15)} ${value}\n`).join('')
}

function noteOf(note: string | null): string {
  return note === null ? '' : ` (${note.replaceAll(/\p{Cc}/gu, ' ')})`
}

function hex(id: number): string {
  return `0x${id.toString(16).toUpperCase().padStart(4, '0')}`
}
