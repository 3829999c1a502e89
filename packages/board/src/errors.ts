import { KeylineError, type ErrorOptionsOf, type ErrorTable } from '@keyline/bytes'

/**
 * Errors of the simulated bench. Programmer errors carry the class of provisioning-station section 4.4
 * in `details.class`; the retryable ones may be repeated once.
 */
export const boardErrorTable = {
  BOARD_NO_PROBE: {
    fault: 'infrastructure',
    meaning: 'No debug probe with this serial number is connected (class no-probe).',
    remedy: 'check the USB cable of the probe, then list the probes again',
  },
  BOARD_PROBE_BUSY: {
    fault: 'infrastructure',
    meaning: 'Another programmer call holds the probe (class no-probe).',
    remedy: 'wait until the other call has ended, or end the other station',
    retryable: true,
  },
  BOARD_NO_TARGET: {
    fault: 'infrastructure',
    meaning: 'The probe does not reach the microcontroller (class no-target).',
    remedy: 'check power and seat of the board; connect once more under hardware reset',
    retryable: true,
  },
  BOARD_VERIFY: {
    fault: 'board',
    meaning: 'The flash does not hold what was programmed (class verify).',
    remedy: 'take the board out of the line; its flash is bad',
  },
  BOARD_ERASE: {
    fault: 'infrastructure',
    meaning: 'The flash cannot be erased (class erase).',
    remedy: 'check the supply of the board; connect under reset and try again',
  },
  BOARD_PROTECTED: {
    fault: 'infrastructure',
    meaning:
      'Flash or option bytes are protected by RDP, TZEN, WRP, HDP or BOOT_LOCK (class protection).',
    remedy: 'remove the protection with the regression script, then run again',
  },
  BOARD_NOT_ERASED: {
    fault: 'infrastructure',
    meaning: 'A program unit that is not erased was programmed (class protection).',
    remedy: 'erase the page before programming it',
  },
  BOARD_ADDRESS: {
    fault: 'caller',
    meaning: 'An address is outside the flash of the part, or not at the start of a program unit.',
    remedy: 'use an address inside the memory map of the platform',
  },
  BOARD_OPTION_BYTE: {
    fault: 'caller',
    meaning: 'The part has no option byte of this name, or the value is out of its range.',
    remedy: 'list the option bytes of the part (-ob displ) and give one of their values',
  },
  BOARD_LOADER: {
    fault: 'infrastructure',
    meaning: 'External memory was reached without its loader, or with another one (class loader).',
    remedy: 'give the loader of this board with --externalLoader',
  },
  BOARD_COPROCESSOR: {
    fault: 'infrastructure',
    meaning:
      'The update service of the wireless coprocessor refuses the call in its present state.',
    remedy: 'start the update service, give an image for its area, then upgrade again',
  },
  BOARD_RSSE: {
    fault: 'infrastructure',
    meaning: 'The RSSe-KW service cannot run on this device, or refuses what it is asked for.',
    remedy:
      'use the service binary of this part, at RDP level 0 or 1, with parameters that the tool knows',
  },
  BOARD_SCRIPT: {
    fault: 'infrastructure',
    meaning: 'A platform script has failed or asked what nobody answers.',
    remedy: 'read the output of the script; run the regression script first',
  },
  BOARD_PORT_UNKNOWN: {
    fault: 'infrastructure',
    meaning: 'No serial port has this name.',
    remedy: 'list the probes again: ports may have changed their names',
  },
  BOARD_PORT_BUSY: {
    fault: 'infrastructure',
    meaning: 'The serial port is open elsewhere.',
    remedy: 'close the program that holds the port',
    retryable: true,
  },
  BOARD_PORT_CLOSED: {
    fault: 'infrastructure',
    meaning: 'The serial port is closed or has vanished.',
    remedy: 'open the port again; check the USB cable if it is gone',
    retryable: true,
  },
  BOARD_PTY: {
    fault: 'infrastructure',
    meaning: 'No pseudo-terminal can be opened.',
    remedy:
      'install the optional package node-pty for this platform; without it boards have no tty',
  },
  BOARD_BENCH_SERVER: {
    fault: 'infrastructure',
    meaning: 'The bench of the folder cannot be served or reached.',
    remedy: 'end the other server of the folder, or start one with keyline-bench serve',
  },
  BOARD_FAULT_UNKNOWN: {
    fault: 'caller',
    meaning: 'A fault with this name or place cannot be simulated.',
    remedy: 'use a name of the fault table and a slot of the bench',
  },
  BOARD_BENCH_STATE: {
    fault: 'infrastructure',
    meaning: 'The folder of the simulated bench cannot be read or written.',
    remedy: 'check the folder; delete it to start with a new bench',
  },
  BOARD_IMAGE: {
    fault: 'caller',
    meaning: 'A simulated firmware image cannot be built from these values.',
    remedy: 'give a kind, a name, a version, and a size that holds the header',
  },
} as const satisfies ErrorTable

export type BoardErrorCode = keyof typeof boardErrorTable

export class BoardError extends KeylineError<BoardErrorCode> {
  constructor(code: BoardErrorCode, message: string, options?: ErrorOptionsOf) {
    super(boardErrorTable, code, message, options)
  }
}
