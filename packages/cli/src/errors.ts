import { KeylineError, type ErrorOptionsOf, type ErrorTable } from '@keyline/bytes'

export const cliErrorTable = {
  CLI_USAGE: {
    fault: 'caller',
    meaning: 'The command line has an unknown command, option or value.',
    remedy: 'see `keyline --help` or `keyline COMMAND --help`',
  },
  CLI_FILE: {
    fault: 'caller',
    meaning: 'A file or folder that the command needs cannot be read or written.',
    remedy: 'check the path and its rights',
  },
  CLI_INPUT: {
    fault: 'caller',
    meaning:
      'A file or the standard input holds something else than the command reads, or too much.',
    remedy: 'pass what the message names; `keyline COMMAND --help` lists the forms',
  },
  CLI_OUTPUT: {
    fault: 'infrastructure',
    meaning: 'What the command has to say cannot be written to its standard output.',
    remedy: 'make room where the output goes, then ask again; what was done stands',
  },
  CLI_EXISTS: {
    fault: 'caller',
    meaning: 'The command would overwrite keys that exist.',
    remedy: 'name another place; keys are never overwritten',
  },
  CLI_NO_STATION: {
    fault: 'caller',
    meaning: 'The folder has no ledger and no journal: no run has ever used it.',
    remedy: 'name the folder of a run with --home or KEYLINE_HOME',
  },
  CLI_NO_PKI: {
    fault: 'caller',
    meaning: 'There is no PAI to issue certificates with.',
    remedy: 'run `keyline pki init` first, or name its folder with --pki',
  },
  CLI_PASSPHRASE: {
    fault: 'caller',
    meaning: 'The passphrase of the PAI key is not given, or too short.',
    remedy: 'name a file with --passphrase-file, or set KEYLINE_PASSPHRASE_FILE to its path',
  },
  CLI_PIN: {
    fault: 'caller',
    meaning: 'The PIN of a PKCS#11 token is not given.',
    remedy:
      'name a file with pin-source=file:/PATH in the name of the key, or set KEYLINE_PIN_FILE to its path',
  },
  CLI_STORE_KEY: {
    fault: 'operator',
    meaning: 'The key that seals secrets at rest is missing, malformed or readable by others.',
    remedy: 'set KEYLINE_STORE_KEY_FILE to a file of 64 hexadecimal digits that only you can read',
  },
  CLI_BATCH_DIFFERS: {
    fault: 'caller',
    meaning: 'The file of units belongs to another order, or was begun with other options.',
    remedy: 'go on with the options that the message names, or name another folder with --out',
  },
  CLI_WORKER: {
    fault: 'infrastructure',
    meaning: 'A worker that generates units could not go on.',
    remedy: 'mend what the message names, then run the same command with --resume',
  },
  CLI_NO_DEVICE: {
    fault: 'caller',
    meaning: 'No chip is named.',
    remedy:
      'name it with --device or KEYLINE_STSAFE: i2c:///dev/i2c-1?address=0x20, tcp://HOST:PORT, unix:///PATH or sim:FILE',
  },
  CLI_KEYS: {
    fault: 'caller',
    meaning: 'A key or password that the command needs is not given, or malformed.',
    remedy:
      'name a file with the option that the message names; keys are never taken from a command line',
  },
  CLI_PERMANENT: {
    fault: 'caller',
    meaning: 'The act cannot be undone, and it was not confirmed. Nothing was sent to the chip.',
    remedy: 'repeat the command with --permanent, if that is what you want',
  },
  CLI_NO_ATTESTER: {
    fault: 'caller',
    meaning: 'The folder holds no simulated device that makes attestation tokens.',
    remedy: 'make one with `keyline attest keys make --device sim:FOLDER`, or name its folder',
  },
  CLI_COULD_NOT_CHECK: {
    fault: 'infrastructure',
    meaning: 'A verifier gave no answer, or none that can be used: nothing is said of the device.',
    remedy: 'check address, network and certificate of the verifier, then ask again',
    retryable: true,
  },
  CLI_VERIFIER_REFUSED: {
    fault: 'caller',
    meaning: 'A verifier refused the request itself, before any evidence was judged.',
    remedy:
      'see what it says; `keyline attest verify --help` and `endorse --help` list the options',
  },
  CLI_VERIFIER_WORKER: {
    fault: 'infrastructure',
    meaning: 'A worker of the verifier ended before it served.',
    remedy: 'the log on standard error says why; mend that and start the service again',
  },
  CLI_UNKNOWN_UNIT: {
    fault: 'caller',
    meaning: 'The ledger has no unit with this serial number or id.',
    remedy: 'check the number, and that --home names the folder of the run',
  },
  CLI_OLD_LABEL: {
    fault: 'operator',
    meaning: 'The old label of a unit in rework was not scanned, or belongs to another unit.',
    remedy:
      'scan the label that you destroy with --old-label, or keep the code of the unit with --keep-code',
  },
  CLI_NO_LABEL: {
    fault: 'operator',
    meaning: 'A label is printed for a unit that has proven all of it, with verdict PASS.',
    remedy: 'finish the unit first, or print with --force REASON; the audit log keeps the reason',
  },
  CLI_UNKNOWN_CODE: {
    fault: 'caller',
    meaning: 'No error, rule or check has this code.',
    remedy: 'run `keyline explain` without a code for the list',
  },
} as const satisfies ErrorTable

export type CliErrorCode = keyof typeof cliErrorTable

export class CliError extends KeylineError<CliErrorCode> {
  constructor(code: CliErrorCode, message: string, options?: ErrorOptionsOf) {
    super(cliErrorTable, code, message, options)
  }
}
