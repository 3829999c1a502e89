import { seededRandom, toHex } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { folderMedium, InternalTrustedStorage } from '../its/index.ts'
import { Algorithm } from '../key/algorithm.ts'
import { Lifetime } from '../key/lifetime.ts'
import { KeyType } from '../key/type.ts'
import { Usage } from '../key/usage.ts'
import { PsaStatus } from '../status/status.ts'
import { FragileDisk } from '../testing/fragile-disk.ts'
import { PsaCrypto } from './psa-crypto.ts'

const secret = { first: new Uint8Array(40).fill(1), second: new Uint8Array(40).fill(2) } as const

/** The device after a start: a broken storage shows itself only in statuses. */
function start(disk: FragileDisk): PsaCrypto {
  const random = seededRandom('start')
  const crypto = new PsaCrypto({
    storage: new InternalTrustedStorage({
      medium: folderMedium(disk.files()),
      hardwareUniqueKey: new Uint8Array(32).fill(7),
      random,
    }),
    random,
  })
  crypto.init()
  return crypto
}

function importSecret(crypto: PsaCrypto, id: number, data: Uint8Array): number {
  const attributes = {
    type: KeyType.hmac,
    bits: 0,
    lifetime: Lifetime.persistent,
    id,
    usage: Usage.export,
    algorithm: Algorithm.hmacSha256,
  }
  return crypto.importKey({ attributes, data }).status
}

/** The stored key, or the status that stands in its place. */
function stored(crypto: PsaCrypto, id: number): string | number {
  const { status, buffer, length } = crypto.exportKey(id)
  return status === 0 ? toHex(buffer.subarray(0, length)) : status
}

const acts = {
  import: (crypto: PsaCrypto) => importSecret(crypto, 2, secret.second),
  destroy: (crypto: PsaCrypto) => crypto.destroyKey(1),
} as const

describe.each(['import', 'destroy'] as const)('a power cut during %s', (name) => {
  const count = actsOf(name)

  it.each(
    Array.from({ length: count }, (_, act) => [0, 0.5, 1].map((torn) => [act, torn] as const))
      .flat()
      .flatMap(([act, torn]) =>
        [true, false].map((isCacheKept) => [act, torn, isCacheKept] as const),
      ),
  )(
    'at act %i, %d of a file written, cache kept %s: old or new, never a part',
    (act, torn, isCacheKept) => {
      const disk = new FragileDisk()
      const before = start(disk)
      importSecret(before, 1, secret.first)
      disk.cutAt(disk.acts + act, torn)
      expect(acts[name](before)).toBe(PsaStatus.storageFailure)
      disk.restart(isCacheKept)
      const after = start(disk)
      const [first, second] = [stored(after, 1), stored(after, 2)]
      if (name === 'import') {
        expect(first).toBe(toHex(secret.first))
        expect([PsaStatus.invalidHandle, toHex(secret.second)]).toContain(second)
      } else {
        expect([PsaStatus.invalidHandle, toHex(secret.first)]).toContain(first)
      }
      const again = importSecret(after, 2, secret.second)
      expect(again).toBe(second === PsaStatus.invalidHandle ? 0 : PsaStatus.alreadyExists)
      expect(stored(after, 2)).toBe(toHex(secret.second))
      expect(
        disk
          .files()
          .names()
          .every((file) => file.endsWith('.its')),
      ).toBe(true)
    },
  )
})

describe('a disk that fails', () => {
  it('is told from one that is full, and neither leaves a key behind', () => {
    const disk = new FragileDisk()
    const crypto = start(disk)
    disk.failNext('ENOSPC')
    expect(importSecret(crypto, 1, secret.first)).toBe(PsaStatus.insufficientStorage)
    disk.failNext('EIO')
    expect(importSecret(crypto, 1, secret.first)).toBe(PsaStatus.storageFailure)
    expect(stored(crypto, 1)).toBe(PsaStatus.invalidHandle)
    expect(stored(start(disk), 1)).toBe(PsaStatus.invalidHandle)
    expect(importSecret(crypto, 1, secret.first)).toBe(PsaStatus.success)
  })
})

/** How many acts change the disk when nothing goes wrong. */
function actsOf(name: keyof typeof acts): number {
  const disk = new FragileDisk()
  const crypto = start(disk)
  importSecret(crypto, 1, secret.first)
  const before = disk.acts
  acts[name](crypto)
  return disk.acts - before
}
