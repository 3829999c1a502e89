import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { concat, fromHex, seededRandom, toHex } from '@keyline/bytes'
import { p256FromScalar, p256ToPkcs8, sha256 } from '@keyline/crypto'
import { pemEncode } from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { Ccb, ChipSecrets, type DuaKeyName, type SecurityState } from '../ccb/index.ts'
import { stm32Crc } from './check-word.ts'
import { encodeContainer, isSoundContainer, keyBufferIn } from './container.ts'
import { exportDuaKey, type RsseChip, type RsseExportOptions } from './export.ts'
import { parseRsseParameters } from './parameters.ts'
import { saveContainer } from './save.ts'

const state: SecurityState = { rdp: 1, isSecure: false, isPrivileged: true }
const rootSecret = sha256(Uint8Array.of(7))

function newChip(change: Partial<RsseChip> = {}, deviceKeys?: readonly DuaKeyName[]): RsseChip {
  const chip = new ChipSecrets({ rootSecret, deviceKeys })
  const ccb = new Ccb({ chip, state: () => state, random: seededRandom('chip') })
  return { ccb, rdp: 1, isDebugOpen: true, ...change }
}

const options: RsseExportOptions = {
  keyType: 'FU',
  usage: 'ecdsa',
  wrappingKey: 'DHUK',
  isSecure: false,
  isPrivileged: true,
  exportPublicKey: true,
}

function blobOf(container: Uint8Array) {
  const buffer = keyBufferIn(container, 32)
  return { iv: buffer.subarray(0, 16), tag: buffer.subarray(16, 32), parts: [buffer.subarray(32)] }
}

describe('the check word', () => {
  it('is that of the CRC unit of STM32', () => {
    expect(stm32Crc([])).toBe(0xffff_ffff)
    expect(stm32Crc([0x1234_5678])).toBe(0xdf8a_8a2b)
  })
})

describe('a container', () => {
  const iv = concat(fromHex('02000000'), new Uint8Array(12).fill(0x11))
  const parts = {
    iv,
    tag: new Uint8Array(16).fill(0x22),
    wrappedKey: new Uint8Array(32).fill(0x33),
  }
  const container = encodeContainer({ ...parts, keyKind: 'LU' })

  it('has its fields where the specification says', () => {
    expect(container.length).toBe(112)
    expect(toHex(container.subarray(0, 0x4c))).toBe(
      `060001fe2000000002000000${'11'.repeat(12)}${'22'.repeat(16)}02fefefe01070000${'fe'.repeat(28)}`,
    )
    expect(toHex(container.subarray(0x50))).toBe('33'.repeat(32))
    expect(encodeContainer({ ...parts, keyKind: 'FU' })[0x28]).toBe(1)
  })

  it('is sound as it is; any changed bit in it is noticed', () => {
    expect(isSoundContainer(container, 32)).toBe(true)
    for (let bit = 0; bit < 8 * container.length; bit++) {
      const changed = container.slice()
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(isSoundContainer(changed, 32), `bit ${bit}`).toBe(false)
    }
    for (let length = 0; length < container.length; length++) {
      expect(isSoundContainer(container.subarray(0, length), 32)).toBe(false)
    }
    expect(isSoundContainer(container, 48)).toBe(false)
  })
})

describe('the export of a device key', () => {
  it.each(['FU', 'LU'] as const)('%s opens on its own chip and shows the public key', (keyType) => {
    const chip = newChip()
    const { container, publicKey } = exportDuaKey(chip, { ...options, keyType })
    const point = chip.ccb.publicKey({ curve: 'P-256', blob: blobOf(container) })
    expect(point.ok && toHex(point.value)).toBe(toHex(publicKey?.subarray(1) ?? new Uint8Array()))
    expect(toHex(publicKey ?? new Uint8Array())).toBe(
      `04${toHex(chip.ccb.devicePublicKey(keyType) ?? new Uint8Array())}`,
    )
  })

  it('is for the state, the usage and the wrapping key that were named', () => {
    const chip = newChip()
    const opens = (change: Partial<RsseExportOptions>): boolean => {
      const { container } = exportDuaKey(chip, { ...options, ...change })
      return chip.ccb.publicKey({ curve: 'P-256', blob: blobOf(container) }).ok
    }
    expect(opens({})).toBe(true)
    expect(opens({ isSecure: true })).toBe(false)
    expect(opens({ isPrivileged: false })).toBe(false)
    expect(opens({ usage: 'ecc' })).toBe(false)
    const chipWithBootKey = new ChipSecrets({ rootSecret, bootHardwareKey: rootSecret })
    const ccb = new Ccb({ chip: chipWithBootKey, state: () => state, random: seededRandom('b') })
    const { container } = exportDuaKey(
      { ...chip, ccb },
      { ...options, wrappingKey: 'DHUK_XOR_BHK' },
    )
    expect(ccb.publicKey({ curve: 'P-256', blob: blobOf(container) }).ok).toBe(false)
  })

  it('takes a key of the user in place of that of the chip', () => {
    const pair = p256FromScalar(new Uint8Array(32).fill(9))
    const userKey = new TextEncoder().encode(pemEncode('PRIVATE KEY', p256ToPkcs8(pair).reveal()))
    const chip = newChip({}, [])
    const { container, publicKey } = exportDuaKey(chip, { ...options, userKey })
    expect(publicKey).toEqual(pair.publicKey.point)
    expect(chip.ccb.publicKey({ curve: 'P-256', blob: blobOf(container) }).ok).toBe(true)
    expect(
      exportDuaKey(chip, { ...options, userKey, exportPublicKey: false }).publicKey,
    ).toBeUndefined()
    const noKey = new TextEncoder().encode('-----BEGIN PRIVATE KEY-----')
    expect(() => exportDuaKey(chip, { ...options, userKey: noKey })).toThrow(
      expect.objectContaining({ code: 'PSA_PARAMETER' }),
    )
  })

  it('is refused at RDP level 2, with the debug port closed, without the key, and when the CCB fails', () => {
    const closed = { code: 'RSSE_UNAVAILABLE' }
    expect(() => exportDuaKey(newChip({ rdp: 2 }), options)).toThrow(
      expect.objectContaining(closed),
    )
    expect(() => exportDuaKey(newChip({ isDebugOpen: false }), options)).toThrow(
      expect.objectContaining(closed),
    )
    expect(() => exportDuaKey(newChip({}, ['LU']), options)).toThrow(
      expect.objectContaining({ code: 'DUA_KEY_ABSENT' }),
    )
    const chip = new ChipSecrets({ rootSecret })
    const random = seededRandom('f')
    const ccb = new Ccb({ chip, state: () => state, random, fault: () => 'rng-failure' })
    expect(() => exportDuaKey({ ...newChip(), ccb }, options)).toThrow(/rng-failure/)
  })
})

describe('the file of a container', () => {
  it('is there as a whole, or not at all', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rsse-'))
    try {
      const path = join(folder, 'wrapped.bin')
      const { container } = exportDuaKey(newChip(), options)
      saveContainer(path, container)
      expect(new Uint8Array(readFileSync(path))).toEqual(container)
      mkdirSync(join(folder, 'taken'))
      expect(() => saveContainer(join(folder, 'taken'), container)).toThrow()
      expect(readdirSync(folder).toSorted(byName)).toEqual(['taken', 'wrapped.bin'])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

const byName = (one: string, other: string): number => (one < other ? -1 : 1)

describe('the parameters of the tool', () => {
  it('set what they name, and leave the rest', () => {
    expect(
      parseRsseParameters([
        'KeyType=eccchiplu',
        'ExportPublicKey=Yes',
        'WrappingKeySelect=DHUK_XOR_BHK',
        'KeyUsage=ECC_USAGE_SCALAR_MUL',
        'SecAttr=SECURE',
        'PrivAttr=NON_PRIVILEGE',
        'AESMode=GCM',
      ]),
    ).toEqual({
      keyType: 'LU',
      usage: 'ecc',
      wrappingKey: 'DHUK_XOR_BHK',
      isSecure: true,
      isPrivileged: false,
      exportPublicKey: true,
    })
    expect(parseRsseParameters([])).toEqual({ ...options, exportPublicKey: false })
  })

  it.each(['KeyType', 'KeyType=rsa', 'Colour=red', 'KeyType=constructor', '=', 'constructor=Yes'])(
    'refuse %j',
    (arg) => {
      expect(() => parseRsseParameters([arg])).toThrow(
        expect.objectContaining({ code: 'PSA_PARAMETER' }),
      )
    },
  )

  it('refuse a name twice', () => {
    expect(() => parseRsseParameters(['SecAttr=SECURE', 'SecAttr=SECURE'])).toThrow(/repeated/)
  })
})
