import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { concat, seededRandom, toHex } from '@keyline/bytes'
import * as fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { scaled, testSeed } from '../../../../test/support/scale.ts'
import { PsaStatus } from '../status/status.ts'
import {
  folderMedium,
  InternalTrustedStorage,
  itsFlag,
  memoryMedium,
  recordOverhead,
  slotMedium,
  type TrustedStorageMedium,
} from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'its-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A flash area of 16 slots that refuses to program what is not erased. */
function flashMedium(): TrustedStorageMedium {
  const flash = new Uint8Array(16 * 0x200).fill(0xff)
  return slotMedium({
    slots: 16,
    slotSize: 0x200,
    read: (offset, length) => flash.slice(offset, offset + length),
    program(offset, octets) {
      const isErased = flash
        .subarray(offset, offset + octets.length)
        .every((octet) => octet === 0xff)
      if (!isErased) throw new Error(`${offset} is not erased`)
      flash.set(octets, offset)
    },
    erase: () => void flash.fill(0xff),
  })
}

let folders = 0
const media: readonly (readonly [string, () => TrustedStorageMedium])[] = [
  ['memory', memoryMedium],
  ['folder', () => folderMedium(join(folder, `medium-${folders++}`))],
  ['flash slots', flashMedium],
]

function storageOn(medium: TrustedStorageMedium, secret = 1): InternalTrustedStorage {
  return new InternalTrustedStorage({
    medium,
    hardwareUniqueKey: new Uint8Array(32).fill(secret),
    random: seededRandom(`start ${secret}`),
  })
}

describe.each(media)('internal trusted storage in %s', (_, openMedium) => {
  it('keeps what was set, from start to start, as a map does', () => {
    const command = fc.record({
      isRemoval: fc.boolean(),
      id: fc.integer({ min: 1, max: 6 }),
      data: fc.uint8Array({ maxLength: 80 }),
    })
    fc.assert(
      fc.property(fc.array(command, { maxLength: 10 }), (commands) => {
        const medium = openMedium()
        const storage = storageOn(medium)
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
        const again = storageOn(medium)
        for (let id = 1; id <= 6; id++) {
          const found = again.get(id)
          expect(found.status === 0 ? toHex(found.value) : undefined).toBe(model.get(id))
        }
        expect(new Set(medium.list())).toEqual(new Set(model.keys()))
      }),
      { numRuns: scaled(15, 500), seed: testSeed },
    )
  })

  it('holds no plain octet, and never the same ciphertext twice', () => {
    const medium = openMedium()
    const storage = storageOn(medium)
    const data = new Uint8Array(32).fill(0xa5)
    storage.set(7, data)
    const first = medium.read(7) ?? new Uint8Array()
    storage.set(7, data)
    const second = medium.read(7) ?? new Uint8Array()
    expect(first.length).toBe(32 + recordOverhead)
    for (const octets of [first, second]) {
      expect(Buffer.from(octets).includes(Buffer.alloc(4, 0xa5))).toBe(false)
    }
    expect(toHex(first.subarray(16))).not.toBe(toHex(second.subarray(16)))
  })

  it('notices any changed bit of a record, and one of another id or another device', () => {
    const medium = openMedium()
    const storage = storageOn(medium)
    storage.set(7, new Uint8Array(16).fill(9))
    const record = medium.read(7) ?? new Uint8Array()
    expect(storageOn(medium, 2).get(7).status).toBe(PsaStatus.dataCorrupt)
    for (let offset = 16; offset < record.length; offset++) {
      const changed = record.slice()
      changed[offset] = (changed[offset] ?? 0) ^ (1 << (offset % 8))
      medium.write(7, changed)
      expect(storage.get(7).status, `offset ${offset}`).toBe(PsaStatus.dataCorrupt)
      expect(storage.info(7).status, `offset ${offset}`).toBe(PsaStatus.dataCorrupt)
    }
    medium.write(7, record)
    expect(storage.get(7).status).toBe(PsaStatus.success)
  })

  it('refuses what psa_its_set refuses', () => {
    const storage = storageOn(openMedium())
    const octet = Uint8Array.of(1)
    for (const id of [0, -1, 1.5, 2 ** 53]) {
      expect(storage.set(id, octet)).toBe(PsaStatus.invalidArgument)
      expect(storage.get(id).status).toBe(PsaStatus.doesNotExist)
      expect(storage.remove(id)).toBe(PsaStatus.doesNotExist)
    }
    expect(storage.set(1, octet, 4)).toBe(PsaStatus.notSupported)
    expect(storage.set(1, new Uint8Array(4097))).toBe(PsaStatus.insufficientStorage)
    expect(storage.set(1, new Uint8Array(400), itsFlag.writeOnce)).toBe(PsaStatus.success)
    expect(storage.set(1, octet)).toBe(PsaStatus.notPermitted)
    expect(storage.remove(1)).toBe(PsaStatus.notPermitted)
    expect(storage.info(1)).toEqual({ status: 0, value: { id: 1, size: 400, flags: 1 } })
    expect(storage.info(2).status).toBe(PsaStatus.doesNotExist)
  })
})

describe('the room of internal trusted storage', () => {
  it('ends with the slots of the flash, and with the largest slot', () => {
    const storage = storageOn(flashMedium())
    for (let id = 1; id <= 16; id++) expect(storage.set(id, Uint8Array.of(id))).toBe(0)
    expect(storage.set(17, Uint8Array.of(1))).toBe(PsaStatus.insufficientStorage)
    expect(storage.set(3, new Uint8Array(0x200))).toBe(PsaStatus.insufficientStorage)
    expect(storage.set(3, new Uint8Array(0x200 - recordOverhead))).toBe(PsaStatus.success)
  })

  it('ends with the number of objects that a device takes', () => {
    const storage = new InternalTrustedStorage({
      medium: memoryMedium(),
      hardwareUniqueKey: new Uint8Array(32),
      random: seededRandom('few'),
      maximumObjects: 2,
    })
    expect([1, 2, 3, 2].map((id) => storage.set(id, Uint8Array.of(id)))).toEqual([
      0,
      0,
      PsaStatus.insufficientStorage,
      0,
    ])
  })
})

describe('the folder of internal trusted storage', () => {
  it('is for its owner alone, and what is no record in it is left alone', () => {
    const path = join(folder, 'owned')
    const medium = folderMedium(path)
    writeFileSync(join(path, 'notes.txt'), 'mine')
    storageOn(medium).set(0x3fff_ffff, Uint8Array.of(1))
    expect(readdirSync(path).toSorted()).toEqual(['000000003fffffff.its', 'notes.txt'])
    expect(folderMedium(path).list()).toEqual([0x3fff_ffff])
  })

  it('refuses a record that was filed under another id', () => {
    const path = join(folder, 'swapped')
    const storage = storageOn(folderMedium(path))
    storage.set(1, concat(Uint8Array.of(1)))
    writeFileSync(
      join(path, '0000000000000002.its'),
      readFileSync(join(path, '0000000000000001.its')),
    )
    expect(storage.get(2).status).toBe(PsaStatus.dataCorrupt)
    expect(storage.get(1).status).toBe(PsaStatus.success)
  })

  it('answers STORAGE_FAILURE when the folder is gone', () => {
    const path = join(folder, 'gone')
    const storage = storageOn(folderMedium(path))
    storage.set(1, Uint8Array.of(1))
    rmSync(path, { recursive: true })
    writeFileSync(path, 'a file in its place')
    expect(storage.set(2, Uint8Array.of(1))).toBe(PsaStatus.storageFailure)
    expect(storage.get(1).status).toBe(PsaStatus.storageFailure)
    expect(storage.remove(1)).toBe(PsaStatus.storageFailure)
  })
})
