import { statSync } from 'node:fs'
import { Command } from 'commander'
import { describeFinding, hasErrors, type Finding } from '@keyline/bytes'
import { encodeImage } from '@keyline/matter'
import {
  describeOperation,
  optionHelp,
  planOf,
  resolveOptions,
  type RunOptions,
} from '@keyline/station'
import { ExitCode, exitCodeOfError } from '../exit-code.ts'
import { genFactoryDataEvents, jsonLog, type JsonLog } from '../terminal/gen-factory-data-events.ts'
import { interruptSignal } from '../terminal/interrupt.ts'
import type { Output } from '../terminal/output.ts'
import { provisioningRunEvents } from '../terminal/provisioning-run-events.ts'
import { errorText } from '../terminal/stop-on-bug.ts'
import { requireFlow, runGenFactoryData } from '../wiring/gen-factory-data.ts'
import { readDevices } from '../wiring/gen-factory-data-devices.ts'
import { readRunInput } from '../wiring/gen-factory-data-input.ts'
import { isWorkOrder, loadRunOrder } from '../wiring/gen-factory-data-order.ts'
import {
  prepareGiven,
  provisionGiven,
  provisionOrdered,
  type ProvisionRun,
  type ProvisionSummary,
} from '../wiring/gen-factory-data-provision.ts'
import { writeWhole } from '../wiring/pki-output.ts'
import { defaultHome } from './options.ts'

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
  const log = jsonLog(options.jsonLog)
  try {
    if (await isWorkOrder(options)) return await runOrdered(options, output, log)
    if (options.provisioning === 1) return await runGiven(options, output, log)
    return await rewrite(options, output, log)
  } finally {
    log.close()
  }
}

async function rewrite(options: RunOptions, output: Output, log: JsonLog): Promise<ExitCode> {
  const input = await readRunInput(options)
  showWeighty(options, output, input.findings)
  if (hasErrors(input.findings)) return ExitCode.usage
  if (options.dryRun) return showPlan(options, output, log)
  requireFlow(options)
  await keepImage(options, input.image)
  return runBoards({ options, input }, output, log.write)
}

/** Each board gets an identity that was given: that of the JSON, or a row of the batch. */
async function runGiven(options: RunOptions, output: Output, log: JsonLog): Promise<ExitCode> {
  const { devices, findings } = await readDevices(options)
  const order = devices.length === 0 ? undefined : await prepareGiven(options, devices)
  const all = [...findings, ...(order?.findings ?? [])]
  showWeighty(options, output, all)
  if (hasErrors(all)) return ExitCode.usage
  if (options.dryRun) return showPlan(options, output, log)
  const [first] = devices
  if (first !== undefined) await keepImage(options, encodeImage(first.data))
  return provision(options, output, log, (run) => provisionGiven(run, devices))
}

/** Under a work order each board gets an identity of its own, as `keyline provision` gives it. */
async function runOrdered(options: RunOptions, output: Output, log: JsonLog): Promise<ExitCode> {
  const loaded = await loadRunOrder(options)
  showWeighty(options, output, loaded.findings)
  if (options.dryRun) return showPlan(options, output, log)
  return provision(options, output, log, (run) => provisionOrdered(run, loaded))
}

async function provision(
  options: RunOptions,
  output: Output,
  log: JsonLog,
  make: (run: ProvisionRun) => Promise<ProvisionSummary>,
): Promise<ExitCode> {
  const interrupt = interruptSignal(output)
  const show = provisioningRunEvents(output, options.verbose)
  try {
    const { passed, boards, exitCode } = await make({
      options,
      home: defaultHome,
      signal: interrupt.signal,
      onEvent: (event) => {
        show(event)
        log.write(event)
      },
    })
    output.out(`${passed} of ${boards} boards passed\n`)
    return exitCode
  } finally {
    interrupt.dispose()
  }
}

function showWeighty(options: RunOptions, output: Output, findings: readonly Finding[]): void {
  showFindings(
    output,
    findings.filter(({ severity }) => severity !== 'info' || options.verbose),
  )
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

function showPlan(options: RunOptions, output: Output, log: JsonLog): ExitCode {
  const operations = planOf(options, portName(options))
  output.out(`for each board (${options.profile}):\n`)
  for (const [index, operation] of operations.entries()) {
    output.out(`${String(index + 1).padStart(3)}  ${describeOperation(operation)}\n`)
  }
  log.write({ type: 'plan', operations })
  return ExitCode.done
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
