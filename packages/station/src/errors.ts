import {
  describeFinding,
  KeylineError,
  type ErrorOptionsOf,
  type ErrorTable,
  type Finding,
} from '@keyline/bytes'

export const stationErrorTable = {
  STATION_INPUT_REFUSED: {
    fault: 'caller',
    meaning:
      'The work order, an image, a certificate or the declaration breaks a rule. No board was touched.',
    remedy: 'mend each finding; `keyline explain RULE` says more',
  },
  STATION_NO_BOARD: {
    fault: 'operator',
    meaning: 'No board answers in the slot, or there are fewer probes than slots.',
    remedy: 'connect and power the board, check the probe, then run again',
  },
  STATION_WRONG_DEVICE: {
    fault: 'operator',
    meaning: 'The microcontroller in the slot is not the one of the work order.',
    remedy: 'put the right board into the slot, or correct the platform of the work order',
  },
  STATION_PROTECTED: {
    fault: 'operator',
    meaning: 'A fresh board was expected, but its read-out protection is on.',
    remedy: 'use a fresh board, or run its regression first',
  },
  STATION_BOARD_CHANGED: {
    fault: 'operator',
    meaning: 'Another board answers in the slot than at the start of the unit.',
    remedy: 'leave the board in its slot until its verdict stands',
  },
  STATION_PORT: {
    fault: 'wire',
    meaning: 'The serial port could not be opened, or it vanished.',
    remedy: 'check the cable and that no other program holds the port',
    retryable: true,
  },
  STATION_SYNC_TIMEOUT: {
    fault: 'wire',
    meaning: 'The board did not answer Init within the limit (0x0004 of the host).',
    remedy: 'check the serial line and that the provisioning firmware runs on the board',
  },
  STATION_RESULT_TIMEOUT: {
    fault: 'wire',
    meaning: 'The board fell silent after the synchronisation (0xFFFE of the host).',
    remedy: 'check the serial line and the log lines of the board',
  },
  STATION_PROTOCOL: {
    fault: 'wire',
    meaning: 'The dialogue left the protocol PXP/1.',
    remedy: 'check the line for noise and that firmware and station speak the same version',
  },
  STATION_FLOOD: {
    fault: 'wire',
    meaning: 'The board sent more octets than a dialogue may have.',
    remedy: 'check the baud rate and the firmware; the line carries garbage',
  },
  STATION_RESTARTED: {
    fault: 'wire',
    meaning: 'The board restarted during the exchange, again or after COMMIT.',
    remedy:
      'check the supply of the board, then run with --resume: the board is asked what it holds',
  },
  STATION_BOARD_REPORTED: {
    fault: 'board',
    meaning: 'The board ended the exchange with a result code that blames its own storage or keys.',
    remedy: 'take the board out; the code and its reason stand in the message',
  },
  STATION_BOARD_REFUSED: {
    fault: 'operator',
    meaning: 'The board ended the exchange because of its mode, its state or the host.',
    remedy: 'do what the reason asks: erase the board, choose another mode, or check the line',
  },
  STATION_STORE: {
    fault: 'board',
    meaning: 'The board stored its key elsewhere than the mode demands.',
    remedy: 'check the provisioning firmware; provisioning-station section 9.4 has the table',
  },
  STATION_PROFILE: {
    fault: 'operator',
    meaning:
      'The provisioning firmware cannot prove the key of the board, or it stores published credentials of another product.',
    remedy:
      'use a provisioning firmware of profile X1; policy "test" takes L0, L1 and none for their own product',
  },
  STATION_MANAGER: {
    fault: 'infrastructure',
    meaning: 'The provisioning manager in place of the built-in dialogue did not report success.',
    remedy: 'read its last words and its own log, then run with --resume',
  },
  STATION_PROOF: {
    fault: 'board',
    meaning: 'The board could not prove that it holds the key of its certificate.',
    remedy: 'take the board out; its certificate is void',
  },
  STATION_ANSWER: {
    fault: 'board',
    meaning: 'The application on the board refused a request or answered it wrongly.',
    remedy: 'check that the application image is the one of the work order',
  },
  STATION_CERTIFICATE_REFUSED: {
    fault: 'infrastructure',
    meaning: 'An issued certificate does not fit the board, its order, its chain or the date.',
    remedy: 'check the issuer and the clock of the station; the board is not to blame',
  },
  STATION_ATTESTATION: {
    fault: 'infrastructure',
    meaning:
      'A token of the board cannot be judged: the order describes its software or its authorities otherwise, or the clock is wrong.',
    remedy:
      'compare the member attestation of the order with the released firmware; the board is not to blame',
  },
  STATION_QUARANTINED: {
    fault: 'infrastructure',
    meaning: 'The credentials on the board are not those that the ledger has for the unit.',
    remedy: 'keep the board aside; a person decides with `keyline unit show`',
  },
  STATION_UNFINISHED: {
    fault: 'operator',
    meaning: 'Units of an earlier run have no verdict yet.',
    remedy: 'run the same command with --resume',
  },
  STATION_BUSY: {
    fault: 'operator',
    meaning: 'Another process holds the station or the probe.',
    remedy: 'wait until it has ended, or end it; the message names its process',
  },
  STATION_LABEL: {
    fault: 'infrastructure',
    meaning:
      'A label could not be made: what it shows is missing, or its format cannot be written.',
    remedy: 'read the cause in the message; print the label again with `keyline label`',
  },
  STATION_SLOT_CHANGED: {
    fault: 'operator',
    meaning:
      'The probe of a slot is at another USB place than it was bound at, or another probe is there.',
    remedy:
      'plug the probe in where it was, or bind the slots as they are now with `keyline station bind`',
  },
  STATION_OUTAGE: {
    fault: 'infrastructure',
    meaning:
      'All slots in work lost their probes or ports together: a hub, its cable or its supply.',
    remedy: 'check the hub and its supply; the slots go on by themselves when it is back',
  },
  STATION_STOP_RULE: {
    fault: 'operator',
    meaning: 'So many boards in a row failed for one reason that the line begins no other.',
    remedy: 'find the common cause with `keyline explain CODE`, then run again',
  },
  STATION_CHECK_DUE: {
    fault: 'operator',
    meaning:
      'The order asks for a fresh check of the station on a golden board, and there is none.',
    remedy: 'put the golden board into its slot and run `keyline station check ORDER`',
  },
  STATION_CRASH_LOOP: {
    fault: 'infrastructure',
    meaning: 'The last runs of the station all died without an end. No new board is begun.',
    remedy:
      'find out what ends the process, then run with --resume: open units are finished, no board is begun',
  },
  STATION_CLOCK: {
    fault: 'infrastructure',
    meaning: 'The clock of the station stands before the build date of this program.',
    remedy: 'set the clock; certificates would be dated wrongly',
  },
  STATION_JOURNAL_BROKEN: {
    fault: 'infrastructure',
    meaning: 'The journal was changed or damaged before its last record.',
    remedy: 'keep the file for examination and resume from the ledger with a new journal folder',
  },
  STATION_JOURNAL_VERSION: {
    fault: 'infrastructure',
    meaning: 'The journal was written by another version of this program.',
    remedy: 'finish its units with the version that the message names',
  },
  STATION_JOURNAL_FAILED: {
    fault: 'infrastructure',
    meaning: 'The journal could not be written; nothing more is done.',
    remedy: 'check the disk, then run with --resume',
  },
  STATION_RESULTS: {
    fault: 'infrastructure',
    meaning: 'A file of the results could not be written. The verdicts are safe in the ledger.',
    remedy: 'check the folder and its rights, then run with --resume: what misses is written again',
  },
  STATION_BATCH_FILE: {
    fault: 'infrastructure',
    meaning:
      'The file of a batch could not be read or written. What the ledger has recorded stands in it.',
    remedy: 'check the folder, its disk and its rights, then run the same command with --resume',
  },
  STATION_BATCH_BROKEN: {
    fault: 'operator',
    meaning:
      'The file of a batch is not a file of units, or not what the ledger has recorded of it.',
    remedy: 'put the file back as it was written; without it the units of the batch are lost',
  },
  STATION_NO_FLOW: {
    fault: 'caller',
    meaning:
      'The procedure for this platform, security level or programmer does not exist here yet. No board was touched.',
    remedy: 'print the plan with --dry-run; make the boards with a procedure that exists',
  },
  STATION_PROGRAMMER_MISSING: {
    fault: 'operator',
    meaning: 'The program of STM32CubeProgrammer cannot be found or started.',
    remedy: 'install STM32CubeProgrammer, or name its folder with --programmerPath',
  },
  STATION_PROGRAMMER_VERSION: {
    fault: 'operator',
    meaning: 'Policy "production" refuses a version of STM32CubeProgrammer that was never tried.',
    remedy: 'install a 2.x version of STM32CubeProgrammer',
  },
  STATION_PROGRAMMER: {
    fault: 'infrastructure',
    meaning:
      'A call of STM32CubeProgrammer did not succeed. Its class stands in the message: no-probe, no-target, loader, protection, erase, incomplete, timeout or other.',
    remedy: 'check probe, cable and supply of the board, then run again',
  },
  STATION_VERIFY: {
    fault: 'board',
    meaning: 'The flash does not hold what STM32CubeProgrammer wrote (class verify).',
    remedy: 'take the board out of the line; its flash is bad',
  },
  STATION_SCRIPT: {
    fault: 'infrastructure',
    meaning: 'A script of the platform failed, hung, or asked what it may not ask.',
    remedy: 'read its last words in the message and its log files, then run again',
  },
  STATION_DISK_FULL: {
    fault: 'infrastructure',
    meaning: 'Too little space is left for the journal, the ledger and the results.',
    remedy: 'free space on the disk that the message names, then run with --resume',
  },
  STATION_PORT_NAME: {
    fault: 'caller',
    meaning: 'The text is not the name of a serial port.',
    remedy: 'use a name like /dev/ttyACM0, ttyACM0, COM3, serial:///dev/ttyACM0 or tcp://host:port',
  },
  STATION_PORT_MISSING: {
    fault: 'operator',
    meaning: 'The serial port does not exist, or no serial server answers.',
    remedy: 'check the cable and the probe; a port may come back under another name after a reset',
    retryable: true,
  },
  STATION_PORT_BUSY: {
    fault: 'operator',
    meaning: 'Another program, or another slot of this station, holds the serial port.',
    remedy: 'close terminals and other stations that use the port, then run again',
    retryable: true,
  },
  STATION_PORT_DENIED: {
    fault: 'operator',
    meaning: 'The user of the station may not open the serial port.',
    remedy:
      'add the user to the group of the port (`sudo usermod -aG dialout $USER`), then log in again',
  },
  STATION_PORT_STUCK: {
    fault: 'infrastructure',
    meaning:
      'The driver of the serial port did not come back in time. The port is abandoned; its handle may have leaked.',
    remedy: 'unplug the probe and plug it in again; if it happens again, restart the station',
  },
  STATION_SERIAL_LIBRARY: {
    fault: 'operator',
    meaning: 'The library that opens serial ports is not installed or does not load here.',
    remedy: 'run `npm install serialport` beside the station, or use tcp://host:port',
  },
  STATION_MANAGER_FORM: {
    fault: 'caller',
    meaning: 'The file is not a provisioning manager in one of its forms.',
    remedy:
      'name a file with a function Provisioning (.py, .mjs, .js), a program, or built-in; see docs/provisioning-managers.md',
  },
} as const satisfies ErrorTable

export type StationErrorCode = keyof typeof stationErrorTable

export class StationError extends KeylineError<StationErrorCode> {
  constructor(code: StationErrorCode, message: string, options?: ErrorOptionsOf) {
    super(stationErrorTable, code, message, options)
  }
}

/** Input that breaks rules: carries every finding, so that all are shown at once. */
export class RefusedInput extends StationError {
  readonly findings: readonly Finding[]

  constructor(what: string, findings: readonly Finding[]) {
    const errors = findings.filter((finding) => finding.severity === 'error')
    const lines = errors.map((finding) => `\n  ${describeFinding(finding)}`)
    super('STATION_INPUT_REFUSED', `${what} breaks ${errors.length} rule(s):${lines.join('')}\n`)
    this.findings = findings
  }
}
