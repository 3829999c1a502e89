import { KeylineError, type ErrorOptionsOf, type ErrorTable } from '@keyline/bytes'

/** Errors of the system of record. None of them is a board's fault. */
export const ledgerErrorTable = {
  LEDGER_UNAVAILABLE: {
    fault: 'infrastructure',
    meaning: 'The database does not answer, or its file cannot be opened or written.',
    remedy: 'start the database, or correct its address or file rights; then run again',
    retryable: true,
  },
  LEDGER_BUSY: {
    fault: 'infrastructure',
    meaning: 'Other writers held the database through every attempt.',
    remedy: 'run again; with several stations use PostgreSQL in place of one SQLite file',
    retryable: true,
  },
  LEDGER_FULL: {
    fault: 'infrastructure',
    meaning: 'The disk of the database is full, or the reserve for running boards is reached.',
    remedy: 'make room on the disk that the message names, then run again with --resume',
  },
  LEDGER_DAMAGED: {
    fault: 'infrastructure',
    meaning: 'The database contradicts itself or is not a database.',
    remedy: 'stop the line, keep the file, and restore the ledger from its latest backup',
  },
  LEDGER_DATABASE: {
    fault: 'infrastructure',
    meaning: 'The database refused a statement for a reason that Keyline does not know.',
    remedy: 'read the cause in the message; when it is not of your database, report it',
  },
  LEDGER_DRIVER: {
    fault: 'infrastructure',
    meaning: 'No SQLite driver could be loaded.',
    remedy: 'use Node.js 22 or newer (driver built in), or install better-sqlite3',
  },
  LEDGER_CLOSED: {
    fault: 'caller',
    meaning: 'The ledger was used after it was closed.',
    remedy: 'open the ledger again',
  },
  LEDGER_SCHEMA: {
    fault: 'operator',
    meaning: 'The database was written by a newer Keyline.',
    remedy: 'use the Keyline version that wrote the database, or a newer one',
  },
  LEDGER_STORE_KEY: {
    fault: 'operator',
    meaning: 'The store key is not 32 octets long, or is not the one that sealed this ledger.',
    remedy: 'pass the store key of this ledger (KEYLINE_STORE_KEY_FILE)',
  },
  LEDGER_CLOCK: {
    fault: 'infrastructure',
    meaning: 'The wall clock stands before this release, or before the last issued certificate.',
    remedy: 'set the clock of this machine; nothing was issued',
  },
  LEDGER_RESTORED: {
    fault: 'operator',
    meaning:
      'The ledger lacks records that a signed manifest or a checkpoint has seen: an old backup is in use.',
    remedy:
      'restore the newest ledger, or make this one safe with `keyline ledger reconcile`; as it is, it would hand out numbers a second time',
  },
  LEDGER_ORDER_UNKNOWN: {
    fault: 'caller',
    meaning: 'No work order of this id is in the ledger.',
    remedy: 'record the work order first',
  },
  LEDGER_ORDER_DIFFERS: {
    fault: 'operator',
    meaning: 'Another work order was recorded under the same id.',
    remedy: 'give the changed work order an id of its own',
  },
  LEDGER_ORDER_CLOSED: {
    fault: 'operator',
    meaning: 'The work order is closed.',
    remedy: 'open a new work order',
  },
  LEDGER_ORDER_PAUSED: {
    fault: 'operator',
    meaning: 'The work order is paused.',
    remedy: 'resume the work order, then run again; nothing was used up',
  },
  LEDGER_ORDER_WINDOW: {
    fault: 'operator',
    meaning: 'The work order is not open yet, or its time is over.',
    remedy: 'wait until the order opens, or have a new one approved; nothing was used up',
  },
  LEDGER_ORDER_PAI: {
    fault: 'operator',
    meaning: 'The certificates of the work order come from another PAI.',
    remedy: 'finish the order with the PAI it was begun with, or open a new order',
  },
  LEDGER_STATION_REFUSED: {
    fault: 'operator',
    meaning: 'The work order names its stations, and this one is not among them.',
    remedy: 'run the order at one of its stations, or have a new one approved',
  },
  LEDGER_QUOTA: {
    fault: 'operator',
    meaning: 'Every certificate that the work order allows was issued.',
    remedy: 'have a new work order approved; no certificate was issued',
  },
  LEDGER_SERIAL_PATTERN: {
    fault: 'operator',
    meaning:
      'A serial-number pattern has no single counter, is too long, or differs from its pool.',
    remedy:
      'use one counter such as KL-{######}, at most 32 octets, the same in every order of a pool',
  },
  LEDGER_POOL_EXHAUSTED: {
    fault: 'operator',
    meaning: 'Every number of the serial pool was taken.',
    remedy: 'use a new pool whose pattern has more digits',
  },
  LEDGER_SERIAL_TAKEN: {
    fault: 'operator',
    meaning: 'A unit of the same product has this serial number, from another pool or station.',
    remedy: 'give each pool of a product, and each station, a pattern of its own',
  },
  LEDGER_BATCH_UNKNOWN: {
    fault: 'operator',
    meaning: 'The ledger has no such batch of generated units.',
    remedy: 'use the ledger that the batch was generated with (--home, --ledger)',
  },
  LEDGER_BATCH_DIFFERS: {
    fault: 'operator',
    meaning: 'The batch stands in the ledger with another order, size or content.',
    remedy: 'let one process at a time generate a batch, and go on with the file it has written',
  },
  LEDGER_UNIT_IN_BATCH: {
    fault: 'caller',
    meaning: 'The secrets of a generated unit rest in the file of its batch, not in the ledger.',
    remedy: 'open the unit in that file: `keyline factory-data open FILE --serial NUMBER`',
  },
  LEDGER_UNIT_REMOTE: {
    fault: 'caller',
    meaning: 'The secrets of the unit rest on the ledger of the station that made it.',
    remedy: 'open the unit at its station',
  },
  LEDGER_UNIT_UNKNOWN: {
    fault: 'caller',
    meaning: 'No such unit is in the ledger.',
    remedy: 'pass the id or serial number of a recorded unit',
  },
  LEDGER_UNIT_DIFFERS: {
    fault: 'caller',
    meaning: 'The unit is recorded with another identity.',
    remedy: 'pass the serial number that the unit was recorded with, or ask for a new unit',
  },
  LEDGER_UNIT_AMBIGUOUS: {
    fault: 'caller',
    meaning: 'Several products have a unit with this serial number.',
    remedy: 'pass the id of the unit in place of its serial number',
  },
  LEDGER_UNIT_DECIDED: {
    fault: 'operator',
    meaning: 'The unit has its verdict already, so nothing may be done in its name.',
    remedy: 'start the board again as a new unit',
  },
  LEDGER_UNIT_OPEN: {
    fault: 'operator',
    meaning: 'The unit has no verdict yet: a run may be at work on it.',
    remedy: 'let the run end, or take the unit up with --resume; then decide what becomes of it',
  },
  LEDGER_UNIT_SCRAPPED: {
    fault: 'operator',
    meaning:
      'The unit is scrapped: its identity is void and its certificates are revoked, for ever.',
    remedy: 'make a new unit; a scrapped one never comes back',
  },
  LEDGER_REWORK_OPEN: {
    fault: 'operator',
    meaning: 'The unit is in rework already: another ticket was faster.',
    remedy: 'finish the open ticket with `keyline provision ORDER --resume`, or scrap the unit',
  },
  LEDGER_REWORK_LIMIT: {
    fault: 'operator',
    meaning: 'The unit was reworked as often as it may be.',
    remedy: 'scrap the unit, or have more attempts approved (--max-attempts)',
  },
  LEDGER_SCRAP_RETURN: {
    fault: 'operator',
    meaning: 'The certificates of a scrapped unit are not given back to its order.',
    remedy:
      'name who approves it with --approved-by; only units never installed, or destroyed, give their certificates back',
  },
  LEDGER_UNIT_BOUND: {
    fault: 'operator',
    meaning: 'The unit belongs to another board.',
    remedy: 'connect the board that the unit was started on',
  },
  LEDGER_BOARD_TAKEN: {
    fault: 'operator',
    meaning: 'The board belongs to another live unit.',
    remedy:
      'look at the unit that the message names; the board may be finished or in work elsewhere',
  },
  LEDGER_VERDICT_DIFFERS: {
    fault: 'operator',
    meaning: 'The unit was decided with another verdict.',
    remedy: 'keep the recorded verdict; a verdict is never changed',
  },
  LEDGER_KEY_TAKEN: {
    fault: 'operator',
    meaning: 'The public key stands in a certificate already: a clone, or a broken generator.',
    remedy: 'take both boards off the line; the audit log names them',
  },
  LEDGER_CERTIFICATE_SERIAL_TAKEN: {
    fault: 'infrastructure',
    meaning: 'The issuer used a certificate serial number twice.',
    remedy: 'run again; when it happens again, replace the generator of the issuer',
    retryable: true,
  },
  LEDGER_IDEMPOTENCY: {
    fault: 'caller',
    meaning: 'Another request was answered under the same idempotency key.',
    remedy: 'draw a new idempotency key for a new request',
  },
  LEDGER_CERTIFICATE_UNKNOWN: {
    fault: 'caller',
    meaning: 'The unit has no such certificate.',
    remedy: 'pass the SHA-256 of a certificate of this unit',
  },
  LEDGER_TOKEN_INVALID: {
    fault: 'operator',
    meaning: 'The one-time token is wrong, used, expired or of another member.',
    remedy: 'have the member invited again, and use the new token within a day',
  },
  LEDGER_MEMBER_UNKNOWN: {
    fault: 'operator',
    meaning: 'No member of this name, or with this key, is in the ledger.',
    remedy: 'have the member invited by an owner',
  },
  LEDGER_MEMBER_BLOCKED: {
    fault: 'operator',
    meaning: 'The member is blocked.',
    remedy: 'read why in the message; an owner can unblock the member',
  },
  LEDGER_MEMBER_EXISTS: {
    fault: 'operator',
    meaning: 'A member of this name has another role, or another member has this key.',
    remedy: 'invite under another name, and make a new key for each member',
  },
  LEDGER_DURABILITY: {
    fault: 'operator',
    meaning: 'The database may lose what it has acknowledged, which policy "production" refuses.',
    remedy: 'change the setting of PostgreSQL that the message names, then start again',
  },
  LEDGER_STALE: {
    fault: 'infrastructure',
    meaning:
      'What is kept in memory of the trust anchors could not be compared with the database for seconds.',
    remedy: 'restore the database; the server goes on by itself, and has judged nothing meanwhile',
    retryable: true,
  },
  LEDGER_DEVICE_KEY: {
    fault: 'caller',
    meaning:
      'The attestation key of a device is no point of its curve, or an id has another length.',
    remedy:
      'read the key from the board again: 04, X and Y; 33 octets of instance id, 32 of the other',
  },
  LEDGER_DEVICE_TAKEN: {
    fault: 'operator',
    meaning: 'The instance id belongs to another key, or its key to another unit: a clone.',
    remedy: 'take both devices aside; only a manager may replace the key of an instance',
  },
  LEDGER_CHECKPOINT: {
    fault: 'infrastructure',
    meaning: 'The checkpoint of the ledger cannot be read or written.',
    remedy: 'make the checkpoint folder writable, or restore it; never delete it to go on',
  },
} as const satisfies ErrorTable

export type LedgerErrorCode = keyof typeof ledgerErrorTable

export class LedgerError extends KeylineError<LedgerErrorCode> {
  constructor(code: LedgerErrorCode, message: string, options?: ErrorOptionsOf) {
    super(ledgerErrorTable, code, message, options)
  }
}
