/** Row of the permutation that is applied once for each step to the left. */
const permutation = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4] as const
const inverse = [0, 4, 3, 2, 1, 5, 6, 7, 8, 9] as const

/** Product in the dihedral group of the pentagon. */
function product(k: number, j: number): number {
  if (k < 5) return j < 5 ? (k + j) % 5 : 5 + ((j + k) % 5)
  return j < 5 ? 5 + ((k - 5 - j + 10) % 5) : (k - j + 10) % 5
}

function permuted(digit: number, times: number): number {
  let value = digit
  for (let turn = 0; turn < times % 8; turn++) value = permutation[value] ?? 0
  return value
}

/** Checksum of decimal digits whose last one stands at `firstPosition` counted from the right. */
function checksum(digits: string, firstPosition: number): number {
  let sum = 0
  for (let index = 0; index < digits.length; index++) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 0x30
    sum = product(sum, permuted(digit, index + firstPosition))
  }
  return sum
}

/** The Verhoeff check digit of decimal digits. */
export function verhoeffDigit(digits: string): string {
  return String(inverse[checksum(digits, 1)] ?? 0)
}

/** True when the last digit is the check digit of those before. */
export function isVerhoeffValid(digits: string): boolean {
  return checksum(digits, 0) === 0
}
