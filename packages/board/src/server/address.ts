import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { encodeUtf8, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'

/** Longest path of a socket that every platform takes. */
const pathLimit = 100

/** Where the server of a bench folder listens. */
export function benchAddress(folder: string): string {
  const path = join(resolve(folder), 'bench.sock')
  const name = `keyline-bench-${toHex(sha256(encodeUtf8(path))).slice(0, 24)}`
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`
  return path.length <= pathLimit ? path : join(tmpdir(), `${name}.sock`)
}
