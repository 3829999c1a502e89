import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Secret, toHex, type Clock } from '@keyline/bytes'
import { hkdfSha256 } from '@keyline/crypto'
import type { WorkOrder } from '@keyline/ledger/records'
import type { Programmer, SecureElement } from '@keyline/station'
import { inProcessTransport, openTransport, type MasterKey, type Transport } from '@keyline/stsafe'
import { CliError } from '../errors.ts'
import type { Output } from '../terminal/output.ts'
import { stsafeElement } from './secure-element.ts'
import { readKey } from './stsafe-keys.ts'
import { openSimulator } from './stsafe-sim.ts'

export interface LineElementOptions {
  readonly order: Pick<WorkOrder, 'secureElement'>
  /** `PROBE=URI` of each chip, or one URI where one slot is in work. */
  readonly devices?: readonly string[] | undefined
  /** File with the master key in hexadecimal, `-` for the standard input. */
  readonly masterFile?: string | undefined
  /** Where the chips of simulated boards are kept; absent where boards are real. */
  readonly chipFolder?: string | undefined
}

/** What a run of the line gives to its secure elements. */
export interface LineElementParts {
  readonly programmer: Programmer
  readonly clock: Clock
}

/** A master key may not be weaker than what is derived of it. */
const shortestMaster = 32

/**
 * The secure elements of an order, made when the parts of the line are known; `undefined` for an order without any.
 * @throws CliError `CLI_USAGE`, `CLI_KEYS`, `CLI_FILE`
 */
export async function openLineElement(
  output: Output,
  options: LineElementOptions,
): Promise<((parts: LineElementParts) => SecureElement) | undefined> {
  const { order, devices, masterFile, chipFolder } = options
  if (order.secureElement === undefined) return undefined
  if (masterFile === undefined) {
    throw new CliError('CLI_USAGE', 'the order puts keys into a secure element of each board', {
      remedy: 'name the file of the master key with --element-master',
    })
  }
  const buses = devices === undefined ? undefined : busesOf(devices)
  if (buses === undefined && chipFolder === undefined) {
    throw new CliError(
      'CLI_USAGE',
      'the secure elements of real boards are on buses of their own',
      {
        remedy: 'name them with --element PROBE=URI,…, such as i2c:///dev/i2c-1',
      },
    )
  }
  const master = await readMaster(output, masterFile)
  return ({ programmer, clock }) =>
    stsafeElement({
      master,
      clock,
      openBus: (probe, signal) =>
        buses === undefined
          ? simulatedBus({ programmer, clock }, probe, chipFolder ?? '')
          : openTransport(uriOf(buses, probe), { clock, signal }),
    })
}

/** By probe; the empty name stands for any. */
function busesOf(devices: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    devices.map((device) => {
      const [, probe = '', uri = device] = /^([0-9A-Za-z]+)=(.+)$/.exec(device) ?? []
      return [probe, uri]
    }),
  )
}

function uriOf(buses: ReadonlyMap<string, string>, probe: string): string {
  const uri = buses.get(probe) ?? buses.get('')
  if (uri !== undefined) return uri
  throw new CliError('CLI_USAGE', `no bus is named for the board of probe ${probe}`, {
    remedy: `add ${probe}=URI to --element`,
  })
}

async function readMaster(output: Output, path: string): Promise<MasterKey> {
  const secret = await readKey(output, path, { option: '--element-master', what: 'master key' })
  if (secret.reveal().length < shortestMaster) {
    throw new CliError('CLI_KEYS', `the master key has ${secret.reveal().length} octets`, {
      remedy: `draw ${shortestMaster} octets or more, such as openssl rand -hex ${shortestMaster}`,
    })
  }
  return {
    derive: (info, length) =>
      new Secret(hkdfSha256({ secret: secret.reveal(), salt: new Uint8Array(), info, length })),
  }
}

/** Each simulated board has a chip of its own, which stays with it in every slot. */
async function simulatedBus(
  { programmer, clock }: LineElementParts,
  probe: string,
  folder: string,
): Promise<Transport> {
  const { uid } = await programmer.connect(probe)
  const { bus, close } = await clock.during(async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    return openSimulator({ state: join(folder, `${toHex(uid)}.json`) })
  })
  return { ...inProcessTransport(bus), close }
}
