import { Command } from 'commander'
import { systemClock } from '@keyline/bytes'
import type { Passport } from '@keyline/station'
import { CliError } from '../errors.ts'
import { ExitCode } from '../exit-code.ts'
import { paint, type Output } from '../terminal/output.ts'
import { verdictMarks } from '../terminal/verdict-mark.ts'
import { openStation } from '../wiring/open-station.ts'
import { passportOfReport } from '../wiring/results.ts'
import { defaultHome, ledgerOption, type StationOptions } from './options.ts'

/** `keyline unit`: what the ledger knows of a unit. It shows no secret. */
export function unitCommand(output: Output, end: (code: ExitCode) => void): Command {
  const unit = new Command('unit')
  unit
    .command('show')
    .summary('all that is known of one unit')
    .argument('<unit>', 'serial number or id')
    .option('--home <folder>', 'ledger of the station', defaultHome)
    .option(...ledgerOption)
    .option('--json', 'the passport as JSON')
    .action(async (name: string, options: StationOptions) => {
      const passport = await show(name, options)
      output.out(
        options.json === true
          ? `${JSON.stringify(passport, null, 2)}\n`
          : passportText(passport, output),
      )
      end(ExitCode.done)
    })
  return unit
}

async function show(name: string, options: StationOptions): Promise<Passport> {
  const station = await openStation({
    home: options.home,
    ledger: options.ledger,
    policy: 'test',
    clock: systemClock,
    mustExist: true,
  })
  try {
    const report = await station.ledger.unit(name)
    const order = report && (await station.ledger.workOrder(report.unit.orderId))
    if (report === undefined || order === undefined) {
      throw new CliError('CLI_UNKNOWN_UNIT', `there is no unit ${JSON.stringify(name)}`)
    }
    return passportOfReport(report, { order })
  } finally {
    await station.close()
  }
}

function passportText(passport: Passport, output: Output): string {
  const { verdict } = passport
  const rows: [string, string][] = [
    ['serial number', passport.serialNumber],
    ['unit', passport.unit],
    ['order', `${passport.order}, ${passport.sequence}`],
    [
      'product',
      `${passport.product.productName} (${hex(passport.product.vendorId)}/${hex(passport.product.productId)})`,
    ],
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
  return rows.map(([label, value]) => `${label.padEnd(15)} ${value}\n`).join('')
}

function hex(id: number): string {
  return `0x${id.toString(16).toUpperCase().padStart(4, '0')}`
}
