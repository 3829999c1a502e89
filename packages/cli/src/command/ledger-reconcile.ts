import { Command } from 'commander'
import { systemClock, systemRandom } from '@keyline/bytes'
import { reconcileLedger, type Reconciliation } from '@keyline/ledger'
import { takeLock } from '@keyline/station'
import { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { checkpointFolder, homeAt, requireHome, storeKey } from '../wiring/home.ts'
import { ledgerLocation } from '../wiring/open-station.ts'
import { collect, defaultHome, ledgerOption, type StationOptions } from './options.ts'

interface ReconcileOptions extends StationOptions {
  readonly checkpoints?: readonly string[]
  readonly without?: readonly string[]
}

/** `keyline ledger`: care of the system of record. */
export function ledgerCommand(output: Output, end: (code: ExitCode) => void): Command {
  const ledger = new Command('ledger')
  ledger
    .command('reconcile')
    .summary('make a restored ledger safe to use')
    .description(
      'After a backup was restored: lifts every counter to what was handed out at most, by the checkpoints that the servers\n' +
        'keep outside the database, begins a new epoch and writes that into the audit log. Stop every server before.\n' +
        'A ledger that is not behind its checkpoints is left as it is.',
    )
    .option('--home <folder>', 'home of the server or station', defaultHome)
    .option(...ledgerOption)
    .option(
      '--checkpoints <folder>',
      'checkpoint folder of each server, or a copy; KEYLINE_CHECKPOINTS, else that of --home',
      collect,
    )
    .option(
      '--without <holder>',
      'a checkpoint that is lost for good; what it alone has seen may be given out twice',
      collect,
    )
    .option('--json', 'machine-readable result')
    .action(async (options: ReconcileOptions) => end(await reconcile(output, options)))
  return ledger
}

async function reconcile(output: Output, options: ReconcileOptions): Promise<ExitCode> {
  const home = homeAt(options.home)
  await requireHome(home)
  const lock = await takeLock(home.lockFolder, 'station')
  try {
    using key = await storeKey({ home, policy: 'test', random: systemRandom })
    const result = await reconcileLedger({
      database: ledgerLocation(options.ledger ?? process.env['KEYLINE_LEDGER'], home),
      storeKey: key,
      clock: systemClock,
      random: systemRandom,
      actor: 'officer',
      folders: options.checkpoints ?? [checkpointFolder(home)],
      without: options.without,
    })
    output.out(options.json === true ? `${JSON.stringify(result)}\n` : resultText(result))
    return ExitCode.done
  } finally {
    await lock.release()
  }
}

function resultText({ wasRestored, epoch, lostRecords, lifts }: Reconciliation): string {
  if (!wasRestored) {
    return `The ledger has all that its checkpoints have seen (epoch ${epoch}); nothing was changed.\n`
  }
  const lines = lifts.map(({ kind, name, from, to }) =>
    kind === 'lost order'
      ? `  order ${name} is lost, with up to ${to} certificates; its id is refused from now on\n`
      : `  ${kind} ${name}: ${from} → ${to}\n`,
  )
  return (
    `The ledger was restored and lacks ${lostRecords} audit records. Epoch ${epoch} begins; burnt, so that nothing is given out twice:\n` +
    lines.join('') +
    'Revocations among the lost records must be made again: compare the newest published lists.\n'
  )
}
