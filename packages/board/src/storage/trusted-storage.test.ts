import { seededRandom, toHex } from '@keyline/bytes'
import { PsaStatus } from '@keyline/psa'
import type { InternalTrustedStorage } from '@keyline/psa/its'
import { describe, expect, it } from 'vitest'
import { Flash } from '../flash/flash.ts'
import { Memory } from '../flash/memory.ts'
import { stm32wba65 } from '../part/part-table.ts'
import { openTrustedStorage } from './trusted-storage.ts'

const area = { address: 0x081e_a000, slots: 16, slotSize: 0x200 }

interface Setup {
  readonly memory: Memory
  readonly storage: InternalTrustedStorage
  /** The same chip after a start. */
  readonly restarted: () => InternalTrustedStorage
}

function setUp(secret = 1): Setup {
  const memory = new Memory(new Flash(stm32wba65.flash))
  let starts = 0
  const restarted = (): InternalTrustedStorage =>
    openTrustedStorage({
      memory,
      area,
      hardwareUniqueKey: new Uint8Array(32).fill(secret),
      random: seededRandom(`start ${starts++}`),
    })
  return { memory, storage: restarted(), restarted }
}

describe('internal trusted storage in the flash of a board', () => {
  it('keeps an object from start to start, in the first free slot', () => {
    const { memory, storage, restarted } = setUp()
    expect(storage.set(7, Uint8Array.of(1, 2, 3))).toBe(PsaStatus.success)
    expect(storage.set(9, Uint8Array.of(4))).toBe(PsaStatus.success)
    const again = restarted()
    expect(again.get(7)).toEqual({ status: 0, value: Uint8Array.of(1, 2, 3) })
    expect(again.get(9)).toEqual({ status: 0, value: Uint8Array.of(4) })
    expect(toHex(memory.read(area.address, 16))).toBe('07000000000000000300000000000000')
    expect(toHex(memory.read(area.address + 0x200, 16))).toBe('09000000000000000100000000000000')
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
    for (let offset = 0; offset < 76; offset++) {
      memory.flipBit(area.address + offset)
      expect(storage.get(7).status, `offset ${offset}`).not.toBe(PsaStatus.success)
      memory.flipBit(area.address + offset)
    }
    expect(storage.get(7).status).toBe(PsaStatus.success)
  })

  it('ends with the slots of the area, and with the largest slot', () => {
    const { storage } = setUp()
    expect(storage.set(1, new Uint8Array(469))).toBe(PsaStatus.insufficientStorage)
    expect(storage.set(1, new Uint8Array(468))).toBe(PsaStatus.success)
    for (let id = 2; id <= 16; id++) expect(storage.set(id, Uint8Array.of(id))).toBe(0)
    expect(storage.set(17, Uint8Array.of(1))).toBe(PsaStatus.insufficientStorage)
  })

  it('answers STORAGE_FAILURE where the flash does not take a record', () => {
    const { memory, storage } = setUp()
    memory.program(area.address, new Uint8Array(16).fill(0xf0))
    expect(storage.set(7, Uint8Array.of(1))).toBe(PsaStatus.storageFailure)
  })
})
