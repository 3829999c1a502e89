import { coprocessorOf, startWirelessStack, upgradeCoprocessor } from '../bench/wireless.ts'
import { BoardError } from '../errors.ts'
import type { Operation } from './operation.ts'
import { fileOf, type Session } from './session.ts'
import { hex, sizeText } from './text.ts'

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
  const coprocessor = coprocessorOf(board)
  switch (operation.cmd) {
    case 'startWirelessStack':
      startWirelessStack(board)
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
      return upgrade(session, operation)
    case 'firmwareDelete':
      throw new BoardError('BOARD_COPROCESSOR', `${operation.cmd} is not simulated`)
  }
}

async function upgrade(
  session: Session,
  operation: Extract<Operation, { readonly cmd: 'firmwareUpgrade' }>,
): Promise<void> {
  const { board, print, operations, signal } = session
  const { file, address, startstack } = operation
  const image = await fileOf(session, file)
  print(
    `\nFirmware Upgrade process started ...\n\n  Size          : ${sizeText(image.length)} \n  Address       : ${hex(address)}\n\n`,
  )
  await upgradeCoprocessor(board, { address, image, startsStack: startstack === 1 }, signal)
  print('File download complete\n\n')
  if (operations.some(({ cmd }) => cmd === 'verify')) print('Download verified successfully \n\n')
  print('Firmware Upgrade Success\n')
}
