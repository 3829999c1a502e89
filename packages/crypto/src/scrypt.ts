import { scrypt as derive } from 'node:crypto'
import { BytesError } from '@keyline/bytes'
import { ownOctets } from './own-octets.ts'

/** What an evaluation of scrypt costs (RFC 7914): 128 · N · r octets of memory, p times after each other. */
export interface ScryptCost {
  /** Binary logarithm of N, 1 … 24. */
  readonly costLog2: number
  /** r, 1 … 32. */
  readonly blockSize: number
  /** p, 1 … 64. */
  readonly parallelism: number
}

export interface ScryptInput {
  readonly password: Uint8Array
  readonly salt: Uint8Array
  readonly cost: ScryptCost
  /** Octets of the derived key, 1 … 1 024. */
  readonly length: number
}

/** scrypt (RFC 7914) on the thread pool. @throws BytesError `BYTES_RANGE` */
export function scrypt(input: ScryptInput): Promise<Uint8Array<ArrayBuffer>> {
  const { password, salt, cost, length } = input
  const { costLog2, blockSize, parallelism } = cost
  requireWithin('the binary logarithm of the cost of scrypt', costLog2, 24)
  requireWithin('the block size of scrypt', blockSize, 32)
  requireWithin('the parallelism of scrypt', parallelism, 64)
  requireWithin('the key length of scrypt', length, 1_024)
  const options = {
    N: 2 ** costLog2,
    r: blockSize,
    p: parallelism,
    maxmem: 128 * blockSize * (2 ** costLog2 + parallelism + 2),
  }
  return new Promise((resolve, reject) => {
    derive(password, salt, length, options, (error, key) => {
      if (error === null) resolve(ownOctets(key))
      else reject(error)
    })
  })
}

function requireWithin(what: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return
  throw new BytesError('BYTES_RANGE', `${what} is ${value}, but must be 1 to ${most}`)
}
