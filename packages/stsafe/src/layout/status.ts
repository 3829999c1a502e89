import type { ErrorEntry } from '@keyline/bytes'

/** Status byte of a response, bits 4-0 of its first octet (section 2.5). */
export const Status = {
  ok: 0x00,
  communicationError: 0x01,
  inconsistentCommandData: 0x02,
  valueOutOfRange: 0x03,
  commandCodeNotSupported: 0x04,
  unexpectedError: 0x05,
  bufferLengthExceeded: 0x06,
  sessionError: 0x07,
  tooManyMessagesLost: 0x08,
  macCounterMaximumReached: 0x09,
  keyNotFound: 0x0a,
  keyBlocked: 0x0b,
  wrongKeyType: 0x0c,
  sessionCounterOutOfRange: 0x0d,
  invalidLifeCycleState: 0x0f,
  entryNotFound: 0x10,
  accessConditionNotSatisfied: 0x11,
  wrongZoneType: 0x12,
  counterLimitExceeded: 0x13,
  boundaryExceeded: 0x14,
  invalidPrivateKey: 0x15,
  invalidCommandMac: 0x16,
  challengeMissing: 0x17,
  commandDecryptionError: 0x18,
  invalidPublicKey: 0x19,
  passwordBlocked: 0x1a,
  wrongKeyUsage: 0x1b,
  wrongModeOfOperation: 0x1c,
  wrongMacLength: 0x1d,
  commandNotAuthorized: 0x1e,
  oldMessage: 0x1f,
} as const
export type Status = (typeof Status)[keyof typeof Status]

/** The bits of a response header that hold the status; real parts return the others as zero. */
export const statusMask = 0x1f

interface StatusEntry extends ErrorEntry {
  readonly status: Status
}

/** Every refusal of the chip, by its error code. */
export const statusTable = {
  CHIP_COMMUNICATION: {
    status: Status.communicationError,
    fault: 'wire',
    meaning: 'The chip received a frame with a wrong CRC or without a valid form.',
    remedy: 'send the command again; if it comes back, check wires, pull-ups and bus clock',
    retryable: true,
  },
  CHIP_INCONSISTENT_DATA: {
    status: Status.inconsistentCommandData,
    fault: 'caller',
    meaning: 'The payload of a command does not parse, or its fields contradict each other.',
    remedy: 'check lengths and order of the arguments against the command reference',
  },
  CHIP_VALUE_RANGE: {
    status: Status.valueOutOfRange,
    fault: 'caller',
    meaning: 'A field of a command has a value that the chip does not know.',
    remedy: 'use a slot, curve, tag or algorithm that this part has; query its tables',
  },
  CHIP_COMMAND_UNKNOWN: {
    status: Status.commandCodeNotSupported,
    fault: 'caller',
    meaning: 'The chip does not know the command.',
    remedy: 'check the device type: extended commands exist on the A120 only',
  },
  CHIP_UNEXPECTED: {
    status: Status.unexpectedError,
    fault: 'chip',
    meaning: 'The chip reports an internal error.',
    remedy: 'reset the chip and run again; replace the part if the error stays',
  },
  CHIP_BUFFER_LENGTH: {
    status: Status.bufferLengthExceeded,
    fault: 'caller',
    meaning: 'A command or its response is longer than the buffer of the chip.',
    remedy: 'send or request less at once',
  },
  CHIP_SESSION: {
    status: Status.sessionError,
    fault: 'caller',
    meaning: 'The context that a command continues does not exist, or is another one.',
    remedy: 'start the sequence (hash, cipher, KEK session, establishment) again',
  },
  CHIP_MESSAGES_LOST: {
    status: Status.tooManyMessagesLost,
    fault: 'wire',
    meaning: 'The counter of the host is too far away from that of the chip.',
    remedy: 'open the host session again: it reads the counter of the chip',
  },
  CHIP_COUNTER_EXHAUSTED: {
    status: Status.macCounterMaximumReached,
    fault: 'chip',
    meaning: 'The sequence counter of the host keys is at its maximum.',
    remedy: 'provision new host keys: they start with counter 0',
  },
  CHIP_KEY_NOT_FOUND: {
    status: Status.keyNotFound,
    fault: 'caller',
    meaning: 'The key slot is empty.',
    remedy: 'provision the key first, or name the slot that holds it',
  },
  CHIP_KEY_BLOCKED: {
    status: Status.keyBlocked,
    fault: 'caller',
    meaning: 'The key is locked, used up, or not available for this use.',
    remedy: 'erase the slot if its lock indicator allows it, or use another slot',
  },
  CHIP_KEY_TYPE: {
    status: Status.wrongKeyType,
    fault: 'caller',
    meaning: 'The type of the key does not fit the command.',
    remedy: 'use a slot whose key has the type that the command needs',
  },
  CHIP_SESSION_COUNTER: {
    status: Status.sessionCounterOutOfRange,
    fault: 'wire',
    meaning: 'The counter of the session is outside its range.',
    remedy: 'open the host session again: it reads the counter of the chip',
  },
  CHIP_LIFE_CYCLE: {
    status: Status.invalidLifeCycleState,
    fault: 'operator',
    meaning: 'The life cycle state of the chip does not allow the command.',
    remedy: 'query the life cycle state; unlock a locked chip with its password',
  },
  CHIP_ENTRY_NOT_FOUND: {
    status: Status.entryNotFound,
    fault: 'caller',
    meaning: 'The resource does not exist.',
    remedy: 'query the partition table and name a zone that stands in it',
  },
  CHIP_ACCESS_DENIED: {
    status: Status.accessConditionNotSatisfied,
    fault: 'caller',
    meaning: 'The access condition is not met, or a right to change was used before.',
    remedy: 'query the access conditions; open a host session or authenticate if they ask for it',
  },
  CHIP_ZONE_TYPE: {
    status: Status.wrongZoneType,
    fault: 'caller',
    meaning: 'A counter command met a data zone, or the reverse.',
    remedy: 'update data zones, decrement counter zones; the partition table tells which is which',
  },
  CHIP_COUNTER_LIMIT: {
    status: Status.counterLimitExceeded,
    fault: 'caller',
    meaning: 'A counter has too little left for what is asked of it.',
    remedy: 'decrement by less, or use another zone or key',
  },
  CHIP_BOUNDARY: {
    status: Status.boundaryExceeded,
    fault: 'caller',
    meaning: 'The range lies outside the zone, or no slot is free for a derived key.',
    remedy: 'stay inside the length that the partition table names, or free a slot',
  },
  CHIP_PRIVATE_KEY: {
    status: Status.invalidPrivateKey,
    fault: 'chip',
    meaning: 'The private key of the slot is not valid.',
    remedy: 'generate the key pair of the slot again',
  },
  CHIP_COMMAND_MAC: {
    status: Status.invalidCommandMac,
    fault: 'caller',
    meaning: 'The MAC of the command is wrong; the command was not executed.',
    remedy: 'check the host keys, and open the session again if its counter is behind',
  },
  CHIP_CHALLENGE_MISSING: {
    status: Status.challengeMissing,
    fault: 'caller',
    meaning: 'An entity signature came without a challenge before it.',
    remedy: 'generate a challenge, sign it, and send the signature before anything else',
  },
  CHIP_DECRYPTION: {
    status: Status.commandDecryptionError,
    fault: 'caller',
    meaning: 'The payload of the command, or an envelope in it, does not decrypt.',
    remedy: 'check the host cipher key, and that both ends hold the same KEK',
  },
  CHIP_PUBLIC_KEY: {
    status: Status.invalidPublicKey,
    fault: 'caller',
    meaning: 'The public key is not a point of its curve.',
    remedy: 'pass the public key of the curve that is named beside it',
  },
  CHIP_PASSWORD_BLOCKED: {
    status: Status.passwordBlocked,
    fault: 'operator',
    meaning: 'No try is left for the password.',
    remedy: 'the password cannot be used any more; replace the part if it is needed',
  },
  CHIP_KEY_USAGE: {
    status: Status.wrongKeyUsage,
    fault: 'caller',
    meaning: 'The usage of the key does not include this operation.',
    remedy: 'use a key whose usage flags allow the operation',
  },
  CHIP_KEY_MODE: {
    status: Status.wrongModeOfOperation,
    fault: 'caller',
    meaning: 'The mode of operation of the key does not fit the command.',
    remedy: 'use a key of the mode that the command needs; query the key table',
  },
  CHIP_MAC_LENGTH: {
    status: Status.wrongMacLength,
    fault: 'caller',
    meaning: 'The length of the MAC is not allowed for this key.',
    remedy: 'ask for at least the minimum length of the key, at most 16 (CMAC) or 32 (HMAC) octets',
  },
  CHIP_NOT_AUTHORIZED: {
    status: Status.commandNotAuthorized,
    fault: 'caller',
    meaning:
      'The command is disabled, or the control fields do not permit this way of provisioning.',
    remedy: 'query the control fields of the slot and the access condition of the command',
  },
  CHIP_OLD_MESSAGE: {
    status: Status.oldMessage,
    fault: 'wire',
    meaning: 'The chip has seen this message before.',
    remedy: 'open the host session again and send the command afresh',
  },
} as const satisfies Readonly<Record<string, StatusEntry>>

export type StatusCode = keyof typeof statusTable

/** The error code of a status byte (bits 7-5 are masked), or nothing for `ok` and the unassigned 0x0E. */
export function statusCodeOf(status: number): StatusCode | undefined {
  return codes.get(status & statusMask)
}

const codes = new Map<number, StatusCode>(
  // The keys of the table are the codes, by its own declaration.
  (Object.keys(statusTable) as StatusCode[]).map((code) => [statusTable[code].status, code]),
)
