import { encodeUtf8, toHex, type Clock, type Random } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { Policy } from '@keyline/ledger/records'
import { parseCertificate, parseRequest } from '@keyline/x509'
import { IssuerError } from '../errors.ts'
import type { UpperChain } from './est-issuer.ts'
import type { IssueOptions, IssuerClient } from './issuer-client.ts'
import { PoolFolder, type PoolItem } from './pool-folder.ts'

export interface PoolIssuerOptions {
  /** Holds `free/NAME/dac.cert.pem`, and `dac.key.pem` beside it where the key was made outside of the device. */
  readonly folder: string
  readonly authorities: UpperChain
  readonly clock: Clock
  readonly random: Random
}

/** A pool, which gives certificates to keys that are known before, and pairs where the flow takes keys. */
export interface PoolIssuer extends IssuerClient {
  /**
   * Takes any pair. A key that was made outside of its device has no place in a production order.
   * @throws IssuerError `ISSUER_POLICY_REFUSES`, `ISSUER_POOL`
   */
  takePair(request: { readonly idempotencyKey: string; readonly policy: Policy }): Promise<PoolItem>
}

/**
 * Certificates that a PKI has issued before: each is used once, by one process, also across a crash, and the same
 * idempotency key has the same one for ever. `issue` looks for the certificate of the key in the request: that of a
 * chip whose key the PKI had before it came to the line.
 */
export function createPoolIssuer(options: PoolIssuerOptions): PoolIssuer {
  const { authorities, clock } = options
  const pool = new PoolFolder(options.folder, options.random)
  const byKey = new Map<string, string>()

  /** Names by the key of their certificates; read again when a key is missing, since pools are filled up. */
  const nameFor = async (key: string): Promise<string | undefined> => {
    const known = byKey.get(key)
    if (known !== undefined) return known
    const read = new Set(byKey.values())
    for (const name of await pool.free()) {
      const dac = read.has(name) ? undefined : await pool.certificateOf(name)
      if (dac !== undefined) byKey.set(keyOf(parseCertificate(dac).spki.der), name)
    }
    return byKey.get(key)
  }

  const takeFor = async (csr: Uint8Array, idempotencyKey: string): Promise<PoolItem> => {
    const key = keyOf(parseRequest(csr).spki.der)
    const item = await pool.take(idempotencyKey, async (lost) => {
      const name = await nameFor(key)
      return name === undefined || lost.has(name) ? undefined : name
    })
    if (item !== undefined) return item
    throw new IssuerError('ISSUER_POOL', 'no free certificate is for the key of the board')
  }

  const takePair = async (idempotencyKey: string): Promise<PoolItem> => {
    const item = await pool.take(idempotencyKey, async (lost) => {
      const names = await pool.free()
      const start = startOf(idempotencyKey) % Math.max(1, names.length)
      for (const name of [...names.slice(start), ...names.slice(0, start)]) {
        if (!lost.has(name) && (await pool.hasKey(name))) return name
      }
      return undefined
    })
    if (item !== undefined) return item
    throw new IssuerError('ISSUER_POOL', 'the pool has no pair of certificate and key')
  }

  return {
    issue: async ({ csr, idempotencyKey }, { signal }: IssueOptions = {}) => {
      signal?.throwIfAborted()
      const item = await clock.during(() => takeFor(csr, idempotencyKey))
      item.key?.wipe()
      return { dac: item.dac, ...authorities }
    },
    takePair: async ({ idempotencyKey, policy }) => {
      if (policy === 'production') {
        const message = 'a production order takes no keys that were made outside of the device'
        throw new IssuerError('ISSUER_POLICY_REFUSES', message)
      }
      return await clock.during(() => takePair(idempotencyKey))
    },
    health: async () => {
      const free = await clock.during(() => pool.free())
      return free.length > 0 ? { isReady: true } : { isReady: false, reason: 'the pool is empty' }
    },
    close: () => Promise.resolve(),
  }
}

/** Keys begin at different places, so that those who take at the same time seldom meet. */
function startOf(idempotencyKey: string): number {
  const [first = 0, second = 0] = sha256(encodeUtf8(idempotencyKey))
  return first * 256 + second
}

function keyOf(spki: Uint8Array): string {
  return toHex(sha256(spki))
}
