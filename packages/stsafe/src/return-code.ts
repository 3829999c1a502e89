import type { StsafeErrorCode } from './errors.ts'
import { statusTable, type StatusCode } from './layout/status.ts'

/** What STSELib returns in the place of each error of the host (section 2.6). */
const returnCodes = {
  CHIP_STATUS_UNKNOWN: 0x000e,
  STSAFE_ARGUMENT: 0x0401,
  STSAFE_BUS_BUSY: 0x0108,
  STSAFE_BUS: 0x0104,
  STSAFE_BUS_IN_USE: 0x0101,
  STSAFE_DRIVER_MISSING: 0x0101,
  STSAFE_DEVICE_URI: 0x0103,
  STSAFE_TRACE: 0x0103,
  STSAFE_FRAME_CRC: 0x0303,
  STSAFE_FRAME_SIZE: 0x0305,
  STSAFE_RESPONSE: 0x0306,
  STSAFE_RESPONSE_MAC: 0x0110,
  STSAFE_SESSION_MISSING: 0x0304,
  STSAFE_HOST_KEYS_MISSING: 0x0304,
  STSAFE_OUTCOME_UNKNOWN: 0x0205,
  STSAFE_UNKNOWN_PART: 0x0307,
  STSAFE_OTHER_CHIP: 0x0307,
  STSAFE_INCOMPATIBLE: 0x0406,
  STSAFE_KEY_NOT_FOUND: 0x0404,
  STSAFE_SIGNER_SLOT: 0x0405,
  STSAFE_CERTIFICATE: 0x0506,
  STSAFE_CERTIFICATE_ISSUER: 0x0507,
  STSAFE_CERTIFICATE_SIGNATURE: 0x0505,
  STSAFE_CHALLENGE_SIGNATURE: 0x0505,
  STSAFE_CONFIRMATION: 0x0401,
} as const satisfies Readonly<Record<Exclude<StsafeErrorCode, StatusCode>, number>>

/** The 16-bit return code of STSELib v1.1.9 that stands for an error, for who comes from there. */
export function returnCodeOf(code: StsafeErrorCode): number {
  return isStatusCode(code) ? statusTable[code].status : returnCodes[code]
}

function isStatusCode(code: StsafeErrorCode): code is StatusCode {
  return Object.hasOwn(statusTable, code)
}
