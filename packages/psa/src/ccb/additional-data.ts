import { ByteWriter } from '@keyline/bytes'
import { curveParameters, type CcbCurve, type CurveParameters } from './curve-parameters.ts'

/** What a wrapped elliptic key can do: ECDSA, or scalar multiplication (ECDH). */
export type WrappedUsage = 'ecdsa' | 'ecc'

/** Where the PKA keeps a parameter in its memory (section 5.3). */
const pkaOffset = {
  orderBits: 0x400,
  modulusBits: 0x408,
  signOfA: 0x410,
  absoluteA: 0x418,
  b: 0x520,
  p: 0x1088,
  n: 0xf88,
  gx: 0x578,
  gy: 0x470,
  rsaExponentBits: 0x400,
  rsaOperandBits: 0x408,
  rsaModulus: 0x838,
} as const

type CurveNumber = 'absoluteA' | 'b' | 'p' | 'n' | 'gx' | 'gy'

/** The numbers of a curve in the order in which they are written; the base point is not bound for ECDH. */
const numbersOf: Readonly<Record<WrappedUsage, readonly CurveNumber[]>> = {
  ecdsa: ['absoluteA', 'b', 'p', 'n', 'gx', 'gy'],
  ecc: ['absoluteA', 'b', 'p', 'n'],
}

/**
 * Each 64-bit write into the memory of the PKA is one block of additional data:
 * `offset (8, BE) ‖ data (8, BE)` (decision D14).
 */
class PkaWrites {
  readonly #blocks = new ByteWriter(1024)

  /** A small number: one write. */
  value(offset: number, value: number): this {
    this.#blocks.u32be(0).u32be(offset).u32be(0).u32be(value)
    return this
  }

  /** A big-endian number as 64-bit words, the least significant first, and a word of zeros behind them. */
  number(offset: number, octets: Uint8Array): this {
    const words = Math.ceil(octets.length / 8)
    const padded = new Uint8Array(8 * words)
    padded.set(octets, padded.length - octets.length)
    for (let word = 0; word <= words; word++) {
      const end = padded.length - 8 * word
      this.#blocks.u32be(0).u32be(offset + 8 * word)
      this.#blocks.octets(word < words ? padded.subarray(end - 8, end) : new Uint8Array(8))
    }
    return this
  }

  finish(): Uint8Array {
    return this.#blocks.finish()
  }
}

function ofCurve(usage: WrappedUsage, parameters: CurveParameters): Uint8Array {
  const bits = 8 * parameters.length
  const writes = new PkaWrites()
    .value(pkaOffset.orderBits, bits)
    .value(pkaOffset.modulusBits, bits)
    .value(pkaOffset.signOfA, parameters.isANegative ? 1 : 0)
  for (const name of numbersOf[usage]) writes.number(pkaOffset[name], parameters[name])
  return writes.finish()
}

const bound: Readonly<Record<WrappedUsage, Readonly<Record<CcbCurve, Uint8Array>>>> = {
  ecdsa: {
    'P-256': ofCurve('ecdsa', curveParameters['P-256']),
    'P-384': ofCurve('ecdsa', curveParameters['P-384']),
  },
  ecc: {
    'P-256': ofCurve('ecc', curveParameters['P-256']),
    'P-384': ofCurve('ecc', curveParameters['P-384']),
  },
}

/** Additional data of an elliptic key: the usage and every curve parameter that is bound to it. */
export function curveAdditionalData(usage: WrappedUsage, curve: CcbCurve): Uint8Array {
  return bound[usage][curve]
}

/** Additional data of an RSA key: the sizes and the modulus, as long as the modulus field. */
export function rsaAdditionalData(modulus: Uint8Array): Uint8Array {
  const bits = 8 * modulus.length
  return new PkaWrites()
    .value(pkaOffset.rsaExponentBits, bits)
    .value(pkaOffset.rsaOperandBits, bits)
    .number(pkaOffset.rsaModulus, modulus)
    .finish()
}
