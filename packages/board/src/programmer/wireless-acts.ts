import { BoardError } from '../errors.ts'
import { readFirmwareHeader } from '../image/firmware-image.ts'
import type { Board } from '../mcu/board.ts'
import type { Coprocessor } from '../mcu/coprocessor.ts'
import type { Operation } from './operation.ts'
import type { Session } from './session.ts'
import { sizeText, hex } from './text.ts'

/** Version of an image that does not name its own. */
const unnamedVersion = '1.20.0'

/** The helper that the programmer loads over the start of the user flash. */
const helper = new Uint8Array(64).fill(0x4b)

type WirelessOperation = Extract<
  Operation,
  {
    readonly cmd:
      | 'firmwareUpgrade'
      | 'startFus'
      | 'startWirelessStack'
      | 'firmwareDelete'
      | 'fusState'
      | 'fusVersion'
  }
>

/** A command of the wireless services of STM32WB. @throws BoardError `BOARD_COPROCESSOR` */
export async function wirelessAct(session: Session, operation: WirelessOperation): Promise<void> {
  const { board, print } = session
  const { coprocessor } = board
  if (coprocessor === undefined) {
    throw new BoardError('BOARD_COPROCESSOR', 'wireless services are not supported by this device')
  }
  switch (operation.cmd) {
    case 'startWirelessStack':
      loadHelper(board, coprocessor)
      coprocessor.startStack()
      return print(
        '\nFusStartWS activated successfully\n\nstartwirelessStack command execution finished\n',
      )
    case 'startFus':
      coprocessor.startService()
      return print('\nFUS is running\n\nstartfus command execution finished\n')
    case 'fusState':
      return print(`\nFUS_STATE_${coprocessor.state.toUpperCase()}\n`)
    case 'fusVersion':
      return print(`\nWireless stack version: v${coprocessor.version}\n`)
    case 'firmwareUpgrade':
      return upgrade(session, coprocessor, operation)
    case 'firmwareDelete':
      throw new BoardError('BOARD_COPROCESSOR', `${operation.cmd} is not simulated`)
  }
}

async function upgrade(
  session: Session,
  coprocessor: Coprocessor,
  operation: Extract<Operation, { readonly cmd: 'firmwareUpgrade' }>,
): Promise<void> {
  const { board, clock, print, operations, signal } = session
  const { file, address, startstack } = operation
  const image = await clock
    .during(() => session.readFile(file))
    .catch((cause: unknown) => {
      throw new BoardError('BOARD_IMAGE', `File does not exist: ${file}`, { cause })
    })
  const isFromService = new Map(board.options.programmed()).get('nSWBOOT0') === 0
  if (!isFromService) {
    throw new BoardError('BOARD_COPROCESSOR', 'the update service starts with nSWBOOT0 0 alone')
  }
  print(
    `\nFirmware Upgrade process started ...\n\n  Size          : ${sizeText(image.length)} \n  Address       : ${hex(address)}\n\n`,
  )
  coprocessor.beginUpgrade(address, image.length)
  loadHelper(board, coprocessor)
  const { flash, part } = board
  const pages = flash.erase(address, image.length)
  await board.take(pages * part.times.erasePageMs, signal)
  flash.program(address, image)
  await board.take(image.length * part.times.programOctetMs, signal)
  const version = readFirmwareHeader(image)?.version ?? unnamedVersion
  coprocessor.endUpgrade(version, startstack === 1)
  print('File download complete\n\n')
  if (operations.some(({ cmd }) => cmd === 'verify')) print('Download verified successfully \n\n')
  print('Firmware Upgrade Success\n')
}

function loadHelper(board: Board, { area }: Coprocessor): void {
  const { base } = board.part.flash
  board.halt()
  board.flash.erase(base, area.destroys)
  board.flash.program(base, helper)
}
