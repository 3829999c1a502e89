/** A small repeatable generator of 32-bit numbers (mulberry32): millions a second, for fuzzing alone. */
export function fuzzNumbers(seed: number): (bound: number) => number {
  let state = seed >>> 0
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0
    let value = Math.imul(state ^ (state >>> 15), state | 1)
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61)
    return ((value ^ (value >>> 14)) >>> 0) % bound
  }
}

type Numbers = (bound: number) => number

/** Octets that lengths, tags, digits and quotes turn on. */
const tellingOctets = [
  0x00, 0x01, 0x02, 0x15, 0x18, 0x20, 0x22, 0x30, 0x39, 0x3d, 0x5c, 0x7b, 0x7f, 0x80, 0x81, 0x82,
  0x84, 0x85, 0xa0, 0xac, 0xfe, 0xff,
]

/** Above the 64 KiB that most decoders take, so that their limits are met. */
export const longestInput = 70_000

/** A seed with one to four changes. */
export function mutate(seeds: readonly Uint8Array[], numbers: Numbers): Uint8Array {
  let octets = Uint8Array.from(seeds[numbers(seeds.length)] ?? [])
  for (let changes = 1 + numbers(4); changes > 0; changes -= 1) {
    octets = change(octets, seeds, numbers)
  }
  return octets.subarray(0, longestInput)
}

function change(
  octets: Uint8Array<ArrayBuffer>,
  seeds: readonly Uint8Array[],
  numbers: Numbers,
): Uint8Array<ArrayBuffer> {
  const at = numbers(octets.length + 1)
  const end = Math.min(octets.length, at + 1 + numbers(16))
  switch (numbers(9)) {
    case 0:
      return replaced(octets, at, (octet) => octet ^ (1 << numbers(8)))
    case 1:
      return replaced(octets, at, () => numbers(256))
    case 2:
      return replaced(octets, at, () => tellingOctets[numbers(tellingOctets.length)] ?? 0)
    case 3:
      return replaced(octets, at, (octet) => octet + (numbers(2) === 0 ? 1 : -1))
    case 4:
      return joined(octets.subarray(0, at), octets.subarray(end))
    case 5:
      return joined(octets.subarray(0, end), octets.subarray(at))
    case 6:
      return octets.slice(0, at)
    case 7: {
      const piece = octets.subarray(at, end)
      const times = 2 ** numbers(13)
      return joined(octets.subarray(0, at), repeated(piece, times), octets.subarray(at))
    }
    default: {
      const other = seeds[numbers(seeds.length)] ?? octets
      const from = numbers(other.length + 1)
      const piece = other.subarray(from, from + 1 + numbers(64))
      return joined(octets.subarray(0, at), piece, octets.subarray(numbers(2) === 0 ? at : end))
    }
  }
}

function replaced(
  octets: Uint8Array<ArrayBuffer>,
  at: number,
  value: (octet: number) => number,
): Uint8Array<ArrayBuffer> {
  if (at < octets.length) octets[at] = value(octets[at] ?? 0)
  return octets
}

function repeated(piece: Uint8Array, times: number): Uint8Array {
  return Buffer.alloc(Math.min(piece.length * times, longestInput), piece)
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat(parts))
}
