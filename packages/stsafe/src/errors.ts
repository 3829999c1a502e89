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
  STSAFE_TRACE: {
    fault: 'caller',
    meaning: 'A captured bus trace cannot be read.',
    remedy: 'pass lines `W|R ADDRESS HEX`, or the I2C export of Saleae Logic 2 or sigrok',
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
  STSAFE_OUTCOME_UNKNOWN: {
    fault: 'wire',
    meaning: 'The answer of a command that changes the chip for good was lost.',
    remedy: 'read the state of the chip; do not repeat the command before it is known',
  },
  STSAFE_UNKNOWN_PART: {
    fault: 'caller',
    meaning: 'The part does not identify itself as an STSAFE-A that is known here.',
    remedy: 'check address and part: STSAFE-A100, A110 and A120 are known',
  },
  STSAFE_OTHER_CHIP: {
    fault: 'operator',
    meaning:
      'Another chip answers than the one that was opened. Its state says nothing of the first one.',
    remedy: 'put the first chip back, or close and open again to work with this one',
  },
  STSAFE_INCOMPATIBLE: {
    fault: 'caller',
    meaning: 'The type of this part does not have the function.',
    remedy: 'use the function that the message names, or another part',
  },
  STSAFE_KEY_NOT_FOUND: {
    fault: 'caller',
    meaning: 'A slot is empty or does not exist.',
    remedy: 'query the table of the slots and name one that holds a key',
  },
  STSAFE_SIGNER_SLOT: {
    fault: 'caller',
    meaning: 'The public key slot of the signer may not authenticate this act.',
    remedy: 'set the flag of the slot, or name a slot that has it',
  },
  STSAFE_CERTIFICATE: {
    fault: 'chip',
    meaning: 'The certificate of the chip, or one of its chain, is malformed or no issuer.',
    remedy: 'read the certificate zone; a part without certificate cannot be authenticated',
  },
  STSAFE_CERTIFICATE_ISSUER: {
    fault: 'chip',
    meaning: 'A certificate was not issued by the one before it in the chain.',
    remedy: 'pass the root that issued the certificate of this part',
  },
  STSAFE_CERTIFICATE_SIGNATURE: {
    fault: 'chip',
    meaning: 'The signature of a certificate is wrong.',
    remedy:
      'pass the root that issued the certificate; if it is the right one, the part is no original',
  },
  STSAFE_CHALLENGE_SIGNATURE: {
    fault: 'chip',
    meaning: 'The chip does not hold the private key of its certificate.',
    remedy: 'name the slot of the certified key; if it is the right one, the part is a copy',
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
