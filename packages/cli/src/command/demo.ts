import { join, resolve } from 'node:path'
import { Command } from 'commander'
import type { Ledger } from '@keyline/ledger'
import { loadOrder } from '@keyline/station'
import { exitCodeOfSummary, type ExitCode } from '../exit-code.ts'
import { paint, type Output } from '../terminal/output.ts'
import { exampleImages, examplePath } from '../wiring/examples.ts'
import { demoPki } from '../wiring/demo-pki.ts'
import { runOrder } from '../wiring/run-order.ts'
import { defaultHome, wholeNumber } from './options.ts'
import { withStation, type RunOptions } from './station-run.ts'

interface DemoOptions extends RunOptions {
  readonly results: string
}

/** ST's product on the public test ids, for which everybody may make devices that nobody trusts. */
const vendorId = 0xfff1
const stJson = 'Provisioning_FactoryData.json'

/** `keyline demo`: the whole line on simulated boards, from nothing. */
export function demoCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('demo')
    .description(
      'Makes a PKI, a work order of ST’s JSON and one Matter device in each slot of a simulated bench.\n' +
        'Run it again: serial numbers go on. After Ctrl+C the next run takes up what was left.',
    )
    .option('--slots <n>', 'boards at the same time, 1 to 64', wholeNumber(1, 64), 8)
    .option('--fast', 'let simulated time cost nothing')
    .option('--results <folder>', 'where results go', 'keyline-results')
    .option('--home <folder>', 'ledger, journal and bench of the station', defaultHome)
    .option('--json', 'one JSON event a line')
    .option('--quiet', 'print nothing but errors')
    .action(async (options: DemoOptions) => end(await demo(output, options)))
}

function demo(output: Output, options: DemoOptions): Promise<ExitCode> {
  return withStation(output, options, 'test', async ({ station, clock, signal, renderer }) => {
    const pki = await demoPki(station, vendorId)
    const { id, quantity, isOpen } = await nextDemoOrder(station.ledger, options.slots)
    const images = await exampleImages()
    const loaded = await loadOrder(examplePath(stJson), { id, quantity, images })
    const results = join(resolve(options.results), id)
    const summary = await runOrder({
      station,
      loaded,
      pki,
      slots: options.slots,
      resume: isOpen,
      results,
      clock,
      signal,
      onEvent: renderer.sink,
    })
    renderer.stop()
    if (options.json !== true && options.quiet !== true) {
      output.out(`\nresults in ${paint(output, 'bold', results)}\n`)
    }
    return exitCodeOfSummary(summary)
  })
}

/** The demo order that is still open, or the next one. */
async function nextDemoOrder(
  ledger: Ledger,
  slots: number,
): Promise<{ readonly id: string; readonly quantity: number; readonly isOpen: boolean }> {
  for (let number = 1; ; number++) {
    const id = `demo-${String(number).padStart(4, '0')}`
    const status = await ledger.order(id)
    if (status === undefined) return { id, quantity: slots, isOpen: false }
    if (
      status.state === 'open' &&
      (await ledger.remaining(id)) + (await ledger.undecided(id)).length > 0
    ) {
      return { id, quantity: status.quantity, isOpen: true }
    }
  }
}
