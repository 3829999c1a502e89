import { uniformBelow, type Random } from '@keyline/bytes'

/** Least and greatest passcode (27 bits would hold more). */
export const passcodeRange = { min: 1, max: 99_999_998 } as const

/** Passcodes that Matter forbids because people choose them. */
const forbiddenPasscodes: ReadonlySet<number> = new Set([
  0, 11_111_111, 22_222_222, 33_333_333, 44_444_444, 55_555_555, 66_666_666, 77_777_777, 88_888_888,
  99_999_999, 12_345_678, 87_654_321,
])

export function isForbiddenPasscode(passcode: number): boolean {
  return forbiddenPasscodes.has(passcode)
}

/** In range and not forbidden (FD-014, FD-015). */
export function isPasscode(passcode: number): boolean {
  return (
    Number.isInteger(passcode) &&
    passcode >= passcodeRange.min &&
    passcode <= passcodeRange.max &&
    !isForbiddenPasscode(passcode)
  )
}

/** A passcode, uniform over all allowed ones. */
export function drawPasscode(random: Random): number {
  for (;;) {
    const passcode = passcodeRange.min + uniformBelow(random, passcodeRange.max)
    if (isPasscode(passcode)) return passcode
  }
}

/** A discriminator, uniform over its 12 bits. */
export function drawDiscriminator(random: Random): number {
  return uniformBelow(random, 0x1000)
}
