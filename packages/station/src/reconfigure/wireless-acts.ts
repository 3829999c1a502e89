import { StationError } from '../errors.ts'
import type { Operation } from '../gen-factory-data/plan.ts'
import type { CubeProgrammer } from '../programmer/cube-programmer.ts'

/** What a programmer does beyond writing and reading: the wireless coprocessor, and the whole chip. */
export type WirelessProgrammer = Pick<
  CubeProgrammer,
  'eraseAll' | 'setOptionBytes' | 'startWirelessStack' | 'upgradeCoprocessor'
>

/** Values of the option byte RDP. */
const protectionLevels = { 1: 0xbb, 2: 0xcc } as const

/**
 * The acts on coprocessor and chip.
 * @throws StationError `STATION_NO_FLOW` for an operation that nothing here does
 */
export async function wirelessActs(
  programmer: WirelessProgrammer,
  probe: string,
  operation: Operation,
  signal: AbortSignal,
): Promise<void> {
  switch (operation.op) {
    case 'erase':
      return programmer.eraseAll(probe, { signal })
    case 'coprocessor-start':
      return programmer.startWirelessStack(probe, { signal })
    case 'coprocessor-upgrade':
      return programmer.upgradeCoprocessor(probe, operation.address, operation.file, { signal })
    case 'coprocessor-option-bytes':
      return programmer.setOptionBytes(probe, operation.values, { signal })
    case 'protect': {
      const values = { RDP: protectionLevels[operation.rdp] }
      return programmer.setOptionBytes(probe, values, { signal })
    }
    case 'check-port':
    case 'build-image':
    case 'run-script':
    case 'program':
    case 'reset':
    case 'provision':
      throw noFlow(operation)
    default:
      return operation satisfies never
  }
}

function noFlow({ op }: Operation): StationError {
  return new StationError('STATION_NO_FLOW', `nothing in this run does "${op}"`)
}
