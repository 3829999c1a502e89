import { Command, Option } from 'commander'
import { explainTrace, parseBusTrace, type TracedTransfer } from '@keyline/stsafe'
import { defaultI2cAddress } from '@keyline/stsafe/layout'
import { ExitCode } from '../../exit-code.ts'
import type { Output } from '../../terminal/output.ts'
import { readHostKeys } from '../../wiring/stsafe-keys.ts'
import {
  exchangeDocument,
  exchangeText,
  summaryOf,
  type TraceSummary,
} from '../../wiring/stsafe-trace.ts'
import { readTextInput } from '../../wiring/pki-input.ts'
import { wholeNumber } from '../options.ts'
import { i2cAddress, i2cAddressText } from './i2c.ts'
import { show, type End, type Report } from './on-chip.ts'

interface DecodeOptions {
  readonly hostKeys?: string
  readonly counter?: number
  readonly address: number
  readonly json?: boolean
}

/** `keyline stsafe decode`: what a recording of a bus says. */
export function decodeCommand(output: Output, end: End): Command {
  return new Command('decode')
    .summary('explain a captured bus trace')
    .description(
      'Explains the commands, fields and statuses of a trace: lines `W|R ADDRESS HEX`, the I2C export of Saleae Logic 2,\n' +
        'or the annotations of the I2C decoder of sigrok (sigrok-cli, PulseView, DSView). With the host keys it verifies the MACs\n' +
        'and shows the payloads that were encrypted. It ends with 1 when a frame is broken or a MAC wrong.',
    )
    .argument('<file>', 'the trace; - for the standard input')
    .option('--host-keys <file>', 'host keys of the chip: JSON with macKey and cipherKey')
    .option(
      '--counter <number>',
      'counter of the chip before the first protected command, where the trace does not ask for it',
      wholeNumber(0, 0xffff_ffff),
    )
    .addOption(
      new Option('--address <number>', 'I2C address of the chip, 7 bits; others are left out')
        .argParser(i2cAddress)
        .default(defaultI2cAddress, i2cAddressText(defaultI2cAddress)),
    )
    .option('--json', 'machine-readable result')
    .action(async (file: string, options: DecodeOptions) =>
      end(show(output, options, await explain(output, file, options))),
    )
}

async function explain(output: Output, file: string, options: DecodeOptions): Promise<Report> {
  const transfers = parseBusTrace(await readTextInput(file, 'trace'))
  const keys =
    options.hostKeys === undefined ? undefined : await readHostKeys(output, options.hostKeys)
  const own = transfers.filter(({ address }) => address === options.address)
  if (own.length === 0) output.err(`${othersText(options.address, transfers)}\n`)
  const exchanges = explainTrace(own, keys && { ...keys, counter: options.counter })
  const summary = summaryOf(exchanges)
  const text = `${exchanges.map(exchangeText).join('')}${summaryText(summary)}`
  const isSound = summary.brokenFrames === 0 && summary.wrongMacs === 0
  const document = { ok: isSound, summary, exchanges: exchanges.map(exchangeDocument) }
  return { text, document, code: isSound ? ExitCode.done : ExitCode.failed }
}

function summaryText(summary: TraceSummary): string {
  const { exchanges, brokenFrames, unansweredCommands, wrongMacs } = summary
  return `${exchanges} commands, ${unansweredCommands} without answer, ${brokenFrames} broken, ${wrongMacs} wrong MACs\n`
}

/** An empty explanation is most often one of the wrong address. */
function othersText(address: number, transfers: readonly TracedTransfer[]): string {
  const others = [...new Set(transfers.map((one) => i2cAddressText(one.address)))]
  const seen = others.length === 0 ? 'nothing at all' : `only ${others.join(', ')}`
  return `warning: nothing went to ${i2cAddressText(address)}; the trace has ${seen}`
}
