import { seededRandom, toHex } from '@keyline/bytes'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Flash } from '../flash/flash.ts'
import { Memory } from '../flash/memory.ts'
import { stm32wba65 } from '../part/part-table.ts'
import { scaled, testSeed } from '../../../../test/support/scale.ts'
import { PsaStatus } from './psa-status.ts'
import { itsFlag, TrustedStorage } from './trusted-storage.ts'

const area = { address: 0x081e_a000, slots: 16, slotSize: 0x200 }

interface Setup {
  readonly memory: Memory
  readonly storage: TrustedStorage
  /** The same chip after a start. */
  readonly restarted: () => TrustedStorage
}

function setUp(secret = 1): Setup {
  const memory = new Memory(new Flash(stm32wba65.flash))
  let starts = 0
  const restarted = (): TrustedStorage =>
    new TrustedStorage({
      memory,
      area,
      hardwareUniqueKey: new Uint8Array(32).fill(secret),
      random: seededRandom(`start ${starts++}`),
    })
  return { memory, storage: restarted(), restarted }
}

describe('internal trusted storage', () => {
  it('keeps what was set, from start to start, as a map does', () => {
    const command = fc.record({
      isRemoval: fc.boolean(),
      id: fc.integer({ min: 1, max: 6 }),
      data: fc.uint8Array({ maxLength: 80 }),
    })
    fc.assert(
      fc.property(fc.array(command, { maxLength: 12 }), (commands) => {
        const { storage, restarted } = setUp()
        const model = new Map<number, string>()
        for (const { isRemoval, id, data } of commands) {
          if (isRemoval) {
            const expected = model.delete(id) ? PsaStatus.success : PsaStatus.doesNotExist
            expect(storage.remove(id)).toBe(expected)
          } else {
            expect(storage.set(id, data)).toBe(PsaStatus.success)
            model.set(id, toHex(data))
          }
        }
        const again = restarted()
        for (let id = 1; id <= 6; id++) {
          const found = again.get(id)
          expect(found.status === 0 ? toHex(found.value) : undefined).toBe(model.get(id))
        }
      }),
      { numRuns: scaled(40, 1000), seed: testSeed },
    )
  })

  it('leaves no plain octet in the flash, and never the same ciphertext twice', () => {
    const { memory, storage } = setUp()
    const data = new Uint8Array(32).fill(0xa5)
    storage.set(7, data)
    const first = memory.read(area.address, 0x200)
    storage.set(7, data)
    const second = memory.read(area.address, 0x200)
    for (const octets of [first, second]) {
      expect(Buffer.from(octets).includes(Buffer.alloc(4, 0xa5))).toBe(false)
    }
    expect(toHex(first.subarray(16))).not.toBe(toHex(second.subarray(16)))
  })

  it('is closed to another chip', () => {
    const { memory, storage } = setUp()
    storage.set(7, Uint8Array.of(1, 2, 3))
    const other = setUp(2)
    other.memory.program(area.address, memory.read(area.address, 0x200))
    expect(other.storage.get(7).status).toBe(PsaStatus.dataCorrupt)
  })

  it('notices any changed bit of a record', () => {
    const { memory, storage } = setUp()
    storage.set(7, new Uint8Array(32).fill(9))
    for (let offset = 4; offset < 76; offset++) {
      memory.flipBit(area.address + offset)
      expect(storage.get(7).status, `offset ${offset}`).not.toBe(PsaStatus.success)
      memory.flipBit(area.address + offset)
    }
    expect(storage.get(7).status).toBe(PsaStatus.success)
  })

  it('refuses what psa_its_set refuses', () => {
    const { storage } = setUp()
    expect(storage.set(0, Uint8Array.of(1))).toBe(PsaStatus.invalidArgument)
    expect(storage.set(1, new Uint8Array(469))).toBe(PsaStatus.insufficientStorage)
    expect(storage.set(1, new Uint8Array(468), itsFlag.writeOnce)).toBe(PsaStatus.success)
    expect(storage.set(1, Uint8Array.of(1))).toBe(PsaStatus.notPermitted)
    expect(storage.remove(1)).toBe(PsaStatus.notPermitted)
    for (let id = 2; id <= 16; id++) expect(storage.set(id, Uint8Array.of(id))).toBe(0)
    expect(storage.set(17, Uint8Array.of(1))).toBe(PsaStatus.insufficientStorage)
    expect(storage.get(17).status).toBe(PsaStatus.doesNotExist)
  })
})
