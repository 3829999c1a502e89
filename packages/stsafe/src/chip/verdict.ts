import { StsafeError } from '../errors.ts'

/** 1 for yes, 0 for no. @throws StsafeError `STSAFE_RESPONSE` for anything else */
export function decodeVerdict(what: string, octet: number): boolean {
  if (octet === 0 || octet === 1) return octet === 1
  throw new StsafeError('STSAFE_RESPONSE', `the chip answers ${what} with ${octet}, not 0 or 1`)
}
