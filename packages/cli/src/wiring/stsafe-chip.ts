import { BytesError, systemClock } from '@keyline/bytes'
import {
  inProcessTransport,
  openStsafe,
  openTransport,
  StsafeError,
  type Stsafe,
  type StsafeEvent,
  type Transport,
} from '@keyline/stsafe'
import { CliError } from '../errors.ts'
import { interruptSignal } from '../terminal/interrupt.ts'
import type { Output } from '../terminal/output.ts'
import { readHostKeys } from './stsafe-keys.ts'
import { openSimulator } from './stsafe-sim.ts'

/** Options of every command that talks to a chip. */
export interface ChipOptions {
  readonly device?: string
  readonly hostKeys?: string
  readonly permanent?: boolean
  readonly json?: boolean
}

/** What every call of the library takes. */
export interface ChipCall {
  readonly signal: AbortSignal
  readonly permanent: boolean
}

/**
 * Opens the chip, and the host session where host keys are named, runs the work, and closes everything however it ends.
 * @throws CliError `CLI_NO_DEVICE`, `CLI_PERMANENT`, `CLI_KEYS`; StsafeError
 */
export async function withChip<T>(
  output: Output,
  options: ChipOptions,
  work: (chip: Stsafe, call: ChipCall) => Promise<T>,
): Promise<T> {
  const interrupt = interruptSignal(output, 'the command on the bus ends')
  const { signal } = interrupt
  try {
    const keys = await sessionKeys(output, options)
    const onEvent = (event: StsafeEvent): void => output.err(`${eventText(event)}\n`)
    await using chip = await openStsafe(await openDevice(options, signal), { signal, onEvent })
    if (keys !== undefined) await chip.openSession(keys, { signal })
    return await work(chip, { signal, permanent: options.permanent ?? false })
  } catch (error) {
    throw asCliError(error)
  } finally {
    interrupt.dispose()
  }
}

async function openDevice({ device }: ChipOptions, signal: AbortSignal): Promise<Transport> {
  const uri = device ?? process.env['KEYLINE_STSAFE'] ?? ''
  if (uri === '') throw new CliError('CLI_NO_DEVICE', 'no chip is named')
  const file = /^sim:(?:\/\/)?(.*)$/.exec(uri)?.[1]
  if (file === undefined) return openTransport(uri, { clock: systemClock, signal })
  const { bus, close } = await openSimulator({ state: file === '' ? undefined : file })
  return { ...inProcessTransport(bus), close }
}

async function sessionKeys(output: Output, { hostKeys }: ChipOptions) {
  const path = hostKeys ?? process.env['KEYLINE_STSAFE_HOST_KEYS'] ?? ''
  return path === '' ? undefined : readHostKeys(output, path)
}

function eventText(event: StsafeEvent): string {
  switch (event.kind) {
    case 'permanent':
      return `permanent: ${event.what}`
    case 'short-tag':
      return `warning: a tag of ${event.tagLength} octets for ${event.operation}; 8 or more are advised`
    default:
      return event satisfies never
  }
}

/** Where the library names an argument, the command line has an option; what is too long for a frame came from the caller. */
function asCliError(error: unknown): unknown {
  if (error instanceof BytesError && error.code === 'INTERRUPTED') {
    const remedy = 'read the state of the chip before you repeat what changes it'
    return new BytesError('INTERRUPTED', error.message, { remedy, cause: error })
  }
  if (!(error instanceof StsafeError)) return error
  const { code, message, details } = error
  if (code === 'STSAFE_CONFIRMATION') {
    const what = message.replace(/; pass permanent: true to do it$/, '')
    return new CliError('CLI_PERMANENT', what, { cause: error })
  }
  if (code === 'STSAFE_FRAME_SIZE' && details['sent'] === false) {
    return new CliError('CLI_INPUT', message, { remedy: error.remedy, cause: error })
  }
  if (code !== 'STSAFE_SESSION_MISSING') return error
  const remedy = 'name the file of the host keys with --host-keys or KEYLINE_STSAFE_HOST_KEYS'
  return new StsafeError('STSAFE_SESSION_MISSING', message, { remedy, cause: error })
}
