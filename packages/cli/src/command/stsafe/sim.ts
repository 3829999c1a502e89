import { once } from 'node:events'
import { Command } from 'commander'
import { pemEncode } from '@keyline/x509'
import { ExitCode } from '../../exit-code.ts'
import { interruptSignal } from '../../terminal/interrupt.ts'
import type { Output } from '../../terminal/output.ts'
import { openSimulator, simulatorRoot } from '../../wiring/stsafe-sim.ts'
import { writeWhole } from '../../wiring/pki-output.ts'
import { collect } from '../options.ts'
import type { End } from './on-chip.ts'
import { serveChip, faults } from '@keyline/stsafe-sim'

interface SimOptions {
  readonly listen: string
  readonly state?: string
  readonly seed?: string
  readonly profile?: string
  readonly fault?: readonly string[]
  readonly realTime?: boolean
  readonly rootOut?: string
  readonly json?: boolean
}

/** `keyline stsafe sim`: a chip in software behind a socket, for programs in any language. */
export function simCommand(output: Output, end: End): Command {
  const names = Object.entries(faults).map(
    ([name, { meaning }]) => `  ${name.padEnd(20)}${meaning}`,
  )
  return new Command('sim')
    .summary('run a chip in software behind a socket')
    .description(
      'Runs an STSAFE-A120 in software until Ctrl+C. Its state file is whole at any moment, also after kill -9.\n' +
        'The socket has no access control: keep it in a private folder or on the loopback interface.',
    )
    .requiredOption('--listen <address>', 'unix:PATH or tcp:HOST:PORT; port 0 takes a free one')
    .option('--state <file>', 'keeps the chip; made if it is not there, forgotten unless given')
    .option('--seed <text>', 'the same keys, challenges and signatures at each run')
    .option(
      '--profile <file>',
      'how a new chip leaves the factory; SPL05 evaluation parts unless given',
    )
    .option('--fault <NAME[:N]@POSITION>', 'breaks at an exchange; may be repeated', collect)
    .option('--real-time', 'commands take their nominal time')
    .option('--root-out <file>', 'writes the root of the simulated certificates, PEM')
    .option('--json', 'machine-readable messages')
    .addHelpText('after', `\nFaults:\n${names.join('\n')}`)
    .action(async (options: SimOptions) => end(await simulate(output, options)))
}

async function simulate(output: Output, options: SimOptions): Promise<ExitCode> {
  const { listen, state, rootOut, json } = options
  const interrupt = interruptSignal(output, 'the simulator closes its socket')
  try {
    const { bus, close, isNew } = await openSimulator({ ...options, faults: options.fault })
    if (rootOut !== undefined) {
      const { certificate } = await simulatorRoot()
      await writeWhole({ path: rootOut, content: pemEncode('CERTIFICATE', certificate) })
    }
    const served = await serveChip({ bus, listen })
    const { address } = served
    if (json === true) output.out(`${JSON.stringify({ listening: address, isNew, state })}\n`)
    else {
      const kept = state === undefined ? 'forgotten at the end' : `kept in ${state}`
      output.out(`STSAFE-A120 in software at ${address}, ${isNew ? 'new' : 'as it was'}, ${kept}\n`)
    }
    if (!interrupt.signal.aborted) await once(interrupt.signal, 'abort')
    await served.close()
    await close()
    return ExitCode.interrupted
  } finally {
    interrupt.dispose()
  }
}
