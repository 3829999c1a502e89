import { createDecipheriv } from 'node:crypto'
import { concat, Secret, seededRandom } from '@keyline/bytes'
import { chipOf, SimulatedBus, spl05Profile, type ChipState } from '@keyline/stsafe-sim'
import { describe, expect, it } from 'vitest'
import { accessTableCodes, commandTable } from '../layout/command.ts'
import type { KeyMode } from '../layout/symmetric-key.ts'
import type { Stsafe } from '../stsafe.ts'
import { errorOf, hostKeys, openBench } from '../testing/bench.ts'
import { decryptWhole, encryptWhole } from './whole-messages.ts'

const key = new Uint8Array(16).fill(0x5a)
const long = seededRandom('a message').bytes(5000)
const aad = seededRandom('its associated data').bytes(1500)
const chunked: ReadonlySet<number> = new Set([
  commandTable.startEncrypt.code,
  commandTable.processEncrypt.code,
  commandTable.finishEncrypt.code,
  commandTable.startDecrypt.code,
  commandTable.processDecrypt.code,
  commandTable.finishDecrypt.code,
])

/** Every chunked command under MACs, encrypted both ways: least room for the pieces. */
function guarded(): ChipState {
  const state = chipOf(spl05Profile)
  const authorization = accessTableCodes.map((code) => {
    const isGuarded = chunked.has(code)
    const encryption = { command: isGuarded, response: isGuarded }
    return { code, access: isGuarded ? ('host' as const) : ('free' as const), encryption }
  })
  return { ...state, authorization }
}

async function openWith(mode: KeyMode, state = chipOf(spl05Profile)): Promise<Stsafe> {
  const { chip } = await openBench(new SimulatedBus({ state }))
  const control = await chip.symmetricKeys.control(0)
  const allowed = { ...control.allowed, plaintext: true }
  await chip.symmetricKeys.putControl(0, { ...control, allowed })
  const usage = ['encryptChunks', 'decryptChunks'] as const
  const information = { slot: 0, lock: 'unlocked', type: 'AES-128', usage, ...mode } as const
  await chip.symmetricKeys.write(information, new Secret(key))
  return chip
}

describe('a message that is longer than a command', () => {
  it('goes in pieces and comes back, and others open it too', async () => {
    const chip = await openWith({ mode: 'GCM', tagLength: 16 })
    const input = { mode: 'GCM', slot: 0, aad, plaintext: long, tagLength: 16 } as const
    const sealed = await encryptWhole(chip.cipherStreams, input)
    const opener = createDecipheriv('aes-128-gcm', key, sealed.nonce)
    opener.setAAD(aad).setAuthTag(sealed.tag)
    const opened = concat(opener.update(sealed.ciphertext), opener.final())
    expect(opened).toEqual(long)
    const wanted = { mode: 'GCM', slot: 0, aad, ...sealed } as const
    expect(await decryptWhole(chip.cipherStreams, wanted)).toEqual(long)
    const tag = sealed.tag.map((octet) => octet ^ 1)
    expect(await decryptWhole(chip.cipherStreams, { ...wanted, tag })).toBeUndefined()
  })

  it.each([{ mode: 'GCM', tagLength: 16 } as const, { mode: 'CCM*', tagLength: 16 } as const])(
    'fits its frames under full protection with $mode',
    async ({ mode, tagLength }) => {
      const chip = await openWith({ mode, tagLength }, guarded())
      await chip.hostKeys.provision(hostKeys())
      await chip.openSession(hostKeys())
      const nonce = seededRandom('nonce').bytes(mode === 'GCM' ? 100 : 13)
      for (const length of [0, 1, 704, 705, 1408, 2113]) {
        const plaintext = long.subarray(0, length)
        const input = { mode, slot: 0, aad: aad.subarray(0, length), plaintext, nonce, tagLength }
        const sealed = await encryptWhole(chip.cipherStreams, input)
        expect(sealed.ciphertext).toHaveLength(length)
        expect(await decryptWhole(chip.cipherStreams, { ...input, ...sealed })).toEqual(plaintext)
      }
    },
  )

  it('tells the counter of a CCM* key with counter', async () => {
    const chip = await openWith({ mode: 'CCM*', tagLength: 8, counterOffset: 0 })
    const input = { mode: 'CCM*', slot: 0, plaintext: long, tagLength: 8 } as const
    expect(await encryptWhole(chip.cipherStreams, input)).toMatchObject({ counter: 1 })
  })

  it('is refused before anything is sent where CCM* cannot count it', async () => {
    const chip = await openWith({ mode: 'CCM*', tagLength: 8 })
    const plaintext = new Uint8Array(0x10000)
    const input = { mode: 'CCM*', slot: 0, plaintext, tagLength: 8 } as const
    const error = await errorOf(encryptWhole(chip.cipherStreams, input))
    expect(error).toMatchObject({ code: 'STSAFE_ARGUMENT' })
    expect(error.message).toContain('65535')
  })
})

describe('a cipher in pieces', () => {
  it('is over when another one begins: its pieces would go to the other', async () => {
    const chip = await openWith({ mode: 'GCM', tagLength: 16 })
    const { cipherStreams } = chip
    const data = long.subarray(0, 32)
    const first = await cipherStreams.encryptGcm({ slot: 0, data, tagLength: 16 })
    const second = await cipherStreams.encryptGcm({ slot: 0, data, tagLength: 16 })
    expect((await errorOf(first.process({ data }))).code).toBe('STSAFE_ARGUMENT')
    expect((await errorOf(first.finish({ data }))).code).toBe('STSAFE_ARGUMENT')
    const { tag } = await second.finish({})
    const iv = second.nonce
    const opening = await cipherStreams.decryptGcm({ slot: 0, iv, data: second.first })
    expect(await opening.finish({ tag })).toEqual(data)
  })
})
