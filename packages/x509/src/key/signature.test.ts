import { fromHex, toHex } from '@keyline/bytes'
import { generateP256, p256Order, signP256Der } from '@keyline/crypto'
import { describe, expect, it } from 'vitest'
import { derInteger, derSequence } from '../der/writer.ts'
import { isEcdsaSignature, verifyEcdsa } from './signature.ts'

function octetsOf(value: bigint): Uint8Array {
  const hex = value.toString(16)
  return fromHex(hex.length % 2 === 0 ? hex : `0${hex}`)
}

function signatureOf(r: bigint, s: bigint): Uint8Array {
  return derSequence(derInteger(octetsOf(r)), derInteger(octetsOf(s)))
}

describe('an ECDSA signature', () => {
  const pair = generateP256()
  const { publicKey } = pair
  const message = fromHex('0102030405')
  const signature = signP256Der(pair, message)

  it('verifies with its key and message alone', () => {
    expect(verifyEcdsa({ publicKey, message, signature })).toBe(true)
    expect(verifyEcdsa({ publicKey, message: fromHex('01'), signature })).toBe(false)
    expect(verifyEcdsa({ publicKey: generateP256().publicKey, message, signature })).toBe(false)
  })

  it('verifies with s and with n − s', () => {
    const rLength = signature[3] ?? 0
    const r = BigInt(`0x${toHex(signature.subarray(4, 4 + rLength))}`)
    const s = BigInt(`0x${toHex(signature.subarray(6 + rLength))}`)
    expect(verifyEcdsa({ publicKey, message, signature: signatureOf(r, p256Order - s) })).toBe(true)
  })

  it.each([
    ['1 and n − 1', 1n, p256Order - 1n, true],
    ['r of 0', 0n, 1n, false],
    ['s of 0', 1n, 0n, false],
    ['r of n', p256Order, 1n, false],
    ['s of n', 1n, p256Order, false],
    ['s above n', 1n, p256Order + 1n, false],
    ['r of 33 octets', 1n << 256n, 1n, false],
  ])('has scalars in 1 to n − 1: %s', (_, r, s, isValid) => {
    expect(isEcdsaSignature(signatureOf(r, s))).toBe(isValid)
  })

  it.each([
    ['nothing', ''],
    ['64 raw octets', '01'.repeat(64)],
    ['a negative r', '30060201ff020101'],
    ['a leading zero', '300702020001020101'],
    ['a third member', '3009020101020101020101'],
    ['octets behind it', '300602010102010100'],
    ['an indefinite length', '30800201010201010000'],
  ])('is refused: %s', (_, hex) => {
    expect(isEcdsaSignature(fromHex(hex))).toBe(false)
  })
})
