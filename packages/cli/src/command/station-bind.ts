import { Command, Option } from 'commander'
import { systemClock } from '@keyline/bytes'
import { bindingOf, type BoundSlot, type Programmer } from '@keyline/station'
import { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { homeAt, makeHome, requireHome } from '../wiring/home.ts'
import { realProgrammer, simulatedBoards } from '../wiring/line-boards.ts'
import { readSlots, writeSlots } from '../wiring/slots-file.ts'
import { usbLocations } from '../wiring/usb-locations.ts'
import { defaultHome, wholeNumber } from './options.ts'

interface BindOptions {
  readonly home: string
  readonly slots?: number
  readonly programmer?: string
  readonly show?: boolean
  readonly json?: boolean
}

/** `keyline station bind`: each slot gets the probe that is there now, and keeps it. */
export function stationBindCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('bind')
    .summary('bind the slots to their probes')
    .description(
      'Writes down which probe is in which slot, and where it is plugged in as far as the system tells. From then on a slot\n' +
        'whose probe was moved or swapped is stopped, and the others go on.',
    )
    .option('--slots <n>', 'simulated boards to bind, 1 to 64', wholeNumber(1, 64))
    .addOption(
      new Option('--programmer <path>', 'bind the probes that STM32CubeProgrammer lists').conflicts(
        'slots',
      ),
    )
    .option('--show', 'show the binding, and change nothing')
    .option('--home <folder>', 'folder of the station', defaultHome)
    .option('--json', 'machine-readable result')
    .action(async (options: BindOptions) => {
      const slots = await (options.show === true ? show(options) : bind(options))
      output.out(options.json === true ? `${JSON.stringify({ slots })}\n` : bindingText(slots))
      end(ExitCode.done)
    })
}

async function show({ home: folder }: BindOptions): Promise<readonly BoundSlot[]> {
  const home = homeAt(folder)
  await requireHome(home)
  return (await readSlots(home)) ?? []
}

async function bind(options: BindOptions): Promise<readonly BoundSlot[]> {
  const home = homeAt(options.home)
  await makeHome(home)
  const boards = await programmerOf(options, home.benchFolder)
  try {
    const slots = bindingOf(await boards.programmer.list(), await usbLocations())
    writeSlots(home, slots)
    return slots
  } finally {
    await boards.close()
  }
}

async function programmerOf(
  { slots = 1, programmer }: BindOptions,
  folder: string,
): Promise<{ readonly programmer: Pick<Programmer, 'list'>; close(): void | Promise<void> }> {
  if (programmer === undefined) {
    const order = { platform: 'wba', security: 0 } as const
    return simulatedBoards({ order, slots, clock: systemClock, folder })
  }
  const real = await realProgrammer({
    platform: 'wba',
    programmer,
    isProduction: false,
    onNotice: () => undefined,
  })
  return { programmer: real, close: () => undefined }
}

function bindingText(slots: readonly BoundSlot[]): string {
  if (slots.length === 0) return 'no slot is bound\n'
  return slots
    .map(
      ({ slot, probe, location }) =>
        `slot ${String(slot).padStart(2, '0')}  probe ${probe}  ${location === undefined ? 'anywhere' : `at USB ${location}`}\n`,
    )
    .join('')
}
