import { decode, layout, octets, u32le, type Field } from '@keyline/bytes'
import { EatError } from '../errors.ts'

/** The packed structure that ST's sample signs and calls a token (attestation chapter 11). For display alone. */
export interface StSampleToken {
  readonly challenge: Uint8Array
  readonly bootSeed: Uint8Array
  readonly instanceId: Uint8Array
  readonly implementationId: Uint8Array
  readonly clientId: number
  readonly securityLifecycle: number
  readonly firmwareVersion: number
  /** SHA-256 of the firmware. */
  readonly measurement: Uint8Array
  readonly signerId: Uint8Array
  readonly deviceId: Uint8Array
  /** r ‖ s over SHA-256 of `signed`. */
  readonly signature: Uint8Array
  /** Everything in front of the signature, padding included. */
  readonly signed: Uint8Array
}

const signatureLength = 64

const int32le: Field<number> = {
  ...u32le,
  read: (reader, path) => u32le.read(reader, path) | 0,
  write: (writer, value, path) => u32le.write(writer, value >>> 0, path),
}

/**
 * @param challengeSize octets of the challenge; another one than 32 moves everything behind it
 * @throws EatError `ST_SAMPLE`
 */
export function decodeStSample(token: Uint8Array, challengeSize = 32): StSampleToken {
  const structure = structureOf(challengeSize)
  if (token.length !== structure.max) {
    const message = `a packed token has ${structure.max} octets with a challenge of ${challengeSize}, not ${token.length}`
    throw new EatError('ST_SAMPLE', message)
  }
  const { padding: _, ...members } = decode(structure, token, 'packed token')
  return { ...members, signed: token.subarray(0, -signatureLength) }
}

/** The compiler aligns the numbers at four octets. */
function structureOf(challengeSize: number) {
  const identities = challengeSize + 32 + 33 + 32
  return layout({
    challenge: octets(challengeSize),
    bootSeed: octets(32),
    instanceId: octets(33),
    implementationId: octets(32),
    padding: octets(-identities & 3),
    clientId: int32le,
    securityLifecycle: u32le,
    firmwareVersion: u32le,
    measurement: octets(32),
    signerId: octets(32),
    deviceId: octets(16),
    signature: octets(signatureLength),
  })
}
