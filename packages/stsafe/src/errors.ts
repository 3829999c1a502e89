import { KeylineError, type ErrorOptionsOf, type ErrorTable } from '@keyline/bytes'
import { statusTable } from './layout/status.ts'

/** Every refusal of the chip (`CHIP_…`, section 2.5) and every error of the host library (section 2.6). */
export const stsafeErrorTable = {
  ...statusTable,
  CHIP_STATUS_UNKNOWN: {
    fault: 'chip',
    meaning: 'The chip answers a status that is not assigned.',
    remedy: 'check that the part is an STSAFE-A; replace it if it is',
  },
  STSAFE_ARGUMENT: {
    fault: 'caller',
    meaning: 'An argument is outside what the command or the chip allows. Nothing was sent.',
    remedy: 'use a value that the message names',
  },
  STSAFE_BUS_BUSY: {
    fault: 'wire',
    meaning: 'The chip did not acknowledge its address within all attempts.',
    remedy: 'check power, wiring and address; reset the chip if it hangs',
    retryable: true,
  },
  STSAFE_BUS: {
    fault: 'wire',
    meaning: 'The bus reported an error other than a missing acknowledge.',
    remedy: 'check pull-ups, wiring and clock; recover the bus if a line is held low',
    retryable: true,
  },
  STSAFE_BUS_IN_USE: {
    fault: 'operator',
    meaning: 'Another process talks on this bus.',
    remedy: 'wait until the process that the message names has ended, or end it',
    retryable: true,
  },
  STSAFE_DRIVER_MISSING: {
    fault: 'infrastructure',
    meaning: 'The driver of the I2C bus is not installed or does not load.',
    remedy: 'install it on Linux with: npm install i2c-bus',
  },
  STSAFE_DEVICE_URI: {
    fault: 'caller',
    meaning: 'The name of a device cannot be understood.',
    remedy: 'use i2c:///dev/i2c-1?address=0x20, tcp://HOST:PORT or unix:///PATH',
  },
  STSAFE_FRAME_CRC: {
    fault: 'wire',
    meaning: 'The CRC of a response is wrong. The command may have been executed.',
    remedy: 'check the wiring; ask the chip for its state before the command is repeated',
  },
  STSAFE_FRAME_SIZE: {
    fault: 'wire',
    meaning: 'A frame is longer than the part can hold, or announces a length that no frame has.',
    remedy: 'send less at once; if a response is named, check the wiring',
  },
  STSAFE_RESPONSE: {
    fault: 'chip',
    meaning: 'A response has a valid frame, but its content is not that of the command.',
    remedy: 'check the device type, and that nothing else talks on the bus',
  },
  STSAFE_RESPONSE_MAC: {
    fault: 'wire',
    meaning: 'The MAC or the encryption of a response is wrong. Its content was discarded.',
    remedy: 'check the host keys; if they are right, the response was changed on its way',
  },
  STSAFE_SESSION_MISSING: {
    fault: 'caller',
    meaning: 'The command needs a host session, and none is open.',
    remedy: 'open a host session with the host keys of this chip',
  },
  STSAFE_HOST_KEYS_MISSING: {
    fault: 'caller',
    meaning: 'The chip holds no host keys.',
    remedy: 'provision host keys first',
  },
  STSAFE_COUNTER_EXHAUSTED: {
    fault: 'chip',
    meaning: 'The sequence counter of the host keys is at its maximum. Nothing was sent.',
    remedy: 'provision new host keys: they start with counter 0',
  },
  STSAFE_OUTCOME_UNKNOWN: {
    fault: 'wire',
    meaning: 'The answer of a command that changes the chip for good was lost.',
    remedy: 'read the state of the chip; do not repeat the command before it is known',
  },
  STSAFE_INCOMPATIBLE: {
    fault: 'caller',
    meaning: 'The part is no STSAFE-A, or its type does not have this function.',
    remedy: 'use the function that the message names, or another part',
  },
  STSAFE_KEY_NOT_FOUND: {
    fault: 'caller',
    meaning: 'A slot is empty or does not exist.',
    remedy: 'query the table of the slots and name one that holds a key',
  },
  STSAFE_SIGNATURE: {
    fault: 'chip',
    meaning: 'A signature is not valid, or the key of a slot may not make it.',
    remedy: 'check key, message and slot',
  },
  STSAFE_CERTIFICATE: {
    fault: 'chip',
    meaning:
      'The certificate of the chip is malformed, or its chain does not reach a trusted root.',
    remedy: 'pass the root that issued the certificate of this part',
  },
  STSAFE_CONFIRMATION: {
    fault: 'caller',
    meaning: 'The act cannot be undone, and it was not confirmed.',
    remedy: 'pass the confirmation that the message names, if that is what you want',
  },
} as const satisfies ErrorTable

export type StsafeErrorCode = keyof typeof stsafeErrorTable

export class StsafeError extends KeylineError<StsafeErrorCode> {
  constructor(code: StsafeErrorCode, message: string, options?: ErrorOptionsOf) {
    super(stsafeErrorTable, code, message, options)
  }
}
