import { statSync } from 'node:fs'
import { Command } from 'commander'
import { describeFinding, hasErrors, type Finding } from '@keyline/bytes'
import {
  describeOperation,
  optionHelp,
  planOf,
  resolveOptions,
  type RunOptions,
} from '@keyline/station'
import { ExitCode, exitCodeOfError } from '../exit-code.ts'
import { genFactoryDataEvents, jsonLog } from '../terminal/gen-factory-data-events.ts'
import { interruptSignal } from '../terminal/interrupt.ts'
import type { Output } from '../terminal/output.ts'
import { errorText } from '../terminal/stop-on-bug.ts'
import { requireFlow, runGenFactoryData, scriptFolderOf } from '../wiring/gen-factory-data.ts'
import { readRunInput } from '../wiring/gen-factory-data-input.ts'
import {
  isWorkOrder,
  loadRunOrder,
  requireOrderFlow,
  runUnderOrder,
} from '../wiring/gen-factory-data-order.ts'
import { writeWhole } from '../wiring/pki-output.ts'
import { defaultHome } from './options.ts'
import { withStation } from './station-run.ts'

const summary = 'the options of genFactoryData.py, unchanged'

/** The command as the help of `keyline` lists it; its words are read by `genFactoryData` itself. */
export function genFactoryDataCommand(): Command {
  return new Command('gen-factory-data')
    .summary(summary)
    .addHelpText('after', `\n${helpText('keyline gen-factory-data')}`)
}

function helpText(program: string): string {
  return (
    `Usage: ${program} --provisioning 0|1 (--json FILE | --binary FILE) --flashAddr ADDRESS …\n\n` +
    `${optionHelp()}\n` +
    'Every rule is checked before a board is touched; `keyline explain CLI-07` says more of one.\n' +
    'Exit codes: 0 every board passed, 1 a board did not, 2 command line or input data wrong,\n' +
    '3 no usable board or port, 130 interrupted.\n'
  )
}

/** Runs a command line of genFactoryData. @param words what stands behind the program's name */
export async function genFactoryData(
  words: readonly string[],
  output: Output,
  program = 'genFactoryData',
): Promise<ExitCode> {
  if (words.includes('--help') || words.includes('-h')) {
    output.out(helpText(program))
    return ExitCode.done
  }
  const { findings, options } = resolveOptions(words, isFile)
  showFindings(output, findings)
  if (options === undefined) return ExitCode.usage
  try {
    return await run(options, output)
  } catch (error) {
    output.err(`genFactoryData: ${errorText(error)}\n`)
    return exitCodeOfError(error)
  }
}

async function run(options: RunOptions, output: Output): Promise<ExitCode> {
  if (await isWorkOrder(options)) return runWorkOrder(options, output)
  const input = await readRunInput(options)
  const weighty = input.findings.filter(({ severity }) => severity !== 'info' || options.verbose)
  showFindings(output, weighty)
  if (hasErrors(input.findings)) return ExitCode.usage
  const log = jsonLog(options.jsonLog)
  try {
    if (options.dryRun) {
      showPlan(options, output)
      log.write({ type: 'plan', operations: planOf(options, portName(options)) })
      return ExitCode.done
    }
    await scriptFolderOf(options)
    requireFlow(options)
    await keepImage(options, input.image)
    return await runBoards({ options, input }, output, log.write)
  } finally {
    log.close()
  }
}

/** A device key may stand in the image: it is for its owner alone. */
async function keepImage({ keep, data }: RunOptions, content: Uint8Array): Promise<void> {
  if (!keep || data.kind === 'binary') return
  await writeWhole({ path: `${data.path}.bin`, content, isSecret: true, isReplaceable: true })
}

async function runBoards(
  work: Pick<Parameters<typeof runGenFactoryData>[0], 'options' | 'input'>,
  output: Output,
  log: (event: object) => void,
): Promise<ExitCode> {
  const interrupt = interruptSignal(output)
  const show = genFactoryDataEvents(output, work.options.verbose)
  try {
    const { boards, exitCode } = await runGenFactoryData({
      ...work,
      home: defaultHome,
      signal: interrupt.signal,
      onNotice: (text) => output.err(`note: ${text}\n`),
      onEvent: (event) => {
        show(event)
        log(event)
      },
    })
    const good = boards.filter(({ outcome }) => outcome === 'done').length
    output.out(`${good} of ${boards.length} boards passed\n`)
    return exitCode
  } finally {
    interrupt.dispose()
  }
}

/** The dry run has no board: a port stands for that of each. */
function portName({ provisioning }: RunOptions): string | null {
  return provisioning === 1 ? 'PORT' : null
}

function showPlan(options: RunOptions, output: Output): void {
  output.out(`for each board (${options.profile}):\n`)
  for (const [index, operation] of planOf(options, portName(options)).entries()) {
    output.out(`${String(index + 1).padStart(3)}  ${describeOperation(operation)}\n`)
  }
}

/** Under a work order each board gets an identity of its own, as `keyline provision` gives it. */
async function runWorkOrder(options: RunOptions, output: Output): Promise<ExitCode> {
  const loaded = await loadRunOrder(options)
  if (options.dryRun) {
    showPlan(options, output)
    return ExitCode.done
  }
  const slots = requireOrderFlow(options, loaded)
  const { order } = loaded.prepared
  const { ledger } = options
  const station = {
    slots,
    fast: true,
    home: defaultHome,
    ...(ledger === undefined ? {} : { ledger }),
  }
  return withStation(output, station, order.policy, async (parts) => {
    const onEvent = parts.renderer.sink
    const { manager = 'another one' } = options.files
    onEvent({ type: 'notice', text: `the manager of Keyline provisions; ${manager} is not run` })
    return runUnderOrder({ ...parts, onEvent }, loaded, slots)
  })
}

function showFindings(output: Output, findings: readonly Finding[]): void {
  for (const finding of findings) output.err(`${describeFinding(finding)}\n`)
}

/** A name that the system refuses is that of no file. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}
