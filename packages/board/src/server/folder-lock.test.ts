import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { benchAddress } from './address.ts'
import { lockFolder, tryLockFolder } from './folder-lock.ts'

/** Above the largest process id of any platform. */
const noProcess = 0x7fff_fffe

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-lock-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

describe('the lock of a bench folder', () => {
  it('is held by one, and free when it is released', async () => {
    const first = tryLockFolder(folder)
    expect(first).toBeDefined()
    expect(tryLockFolder(folder)).toBeUndefined()
    await expect(lockFolder(folder, 0)).rejects.toMatchObject({ code: 'BOARD_BENCH_SERVER' })
    first?.release()
    expect(existsSync(join(folder, 'bench.lock'))).toBe(false)
    ;(await lockFolder(folder, 0)).release()
  })

  it('is taken over from a process that has ended', () => {
    writeFileSync(join(folder, 'bench.lock'), String(noProcess))
    expect(tryLockFolder(folder)).toBeDefined()
  })

  it('makes its folder', () => {
    expect(tryLockFolder(join(folder, 'new'))).toBeDefined()
  })
})

describe('the address of a bench', () => {
  it('stands in the folder, unless its path is too long for a socket', () => {
    expect(benchAddress(folder)).toBe(join(folder, 'bench.sock'))
    const long = benchAddress(join(folder, 'x'.repeat(100)))
    expect(long.length).toBeLessThan(104)
    expect(long).not.toBe(benchAddress(join(folder, 'y'.repeat(100))))
  })
})
