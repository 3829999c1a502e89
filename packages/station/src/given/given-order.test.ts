import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeImage, type FactoryData } from '@keyline/matter'
import { describe, expect, it } from 'vitest'
import { root } from '../../../../scripts/root.ts'
import { resolveOptions } from '../gen-factory-data/resolve-options.ts'
import type { RunOptions } from '../gen-factory-data/run-options.ts'
import { givenDevice, givenOrder, type GivenDevice, type GivenOrder } from './given-order.ts'

const image = join(root, 'test/vectors/matter/factory-data/provisioning-fff1-8004.bin')
const data = decodeImage(Uint8Array.from(readFileSync(image))).data
const files = new Map(
  ['p.bin', 'a.bin', 't.bin'].map((name, index) => [name, new Uint8Array(16).fill(index + 1)]),
)

const security0 =
  '--provisioning 1 --security 0 --json d.json --flashAddr 0x81EC000 --flashProvisioningFW p.bin ' +
  '--flashAppFW a.bin --AppFwAddr 0x08000000 --provisioning_script m.py'
const security1 =
  '--provisioning 1 --security 1 --platform wba --json d.json --flashAddr 0x81EC000 --flashAppFW a.bin ' +
  '--AppFwAddr 0x70006000 --provisioning_script m.py --flashMagicTrailer t.bin --flashMagicTrailerAddr 0x701CBFF0'

function optionsOf(words: string): RunOptions {
  const { options, findings } = resolveOptions(words.split(' '), () => true)
  if (options === undefined) throw new Error(JSON.stringify(findings))
  return options
}

function deviceOf(change: Partial<FactoryData> = {}): GivenDevice {
  const device = givenDevice({ ...data, ...change })
  if (device === undefined) throw new Error('no identity')
  return device
}

async function orderOf(words: string, devices = [deviceOf()]): Promise<GivenOrder> {
  const given = await givenOrder({ options: optionsOf(words), devices, files })
  if (given === undefined) throw new Error('no order')
  return given
}

const id = async (words: string, devices?: GivenDevice[]): Promise<string> =>
  (await orderOf(words, devices)).prepared.order.id

describe('a given device', () => {
  it('is named by its serial number, or after its verifier', () => {
    expect(deviceOf()).toMatchObject({
      serialNumber: 'TEST_SN',
      secrets: { passcode: 20202021, discriminator: 0xf00, iterations: 1000 },
    })
    expect(deviceOf({ serialNumber: undefined }).serialNumber).toMatch(/^unnamed-[0-9a-f]{16}$/)
  })

  it.each(['passcode', 'discriminator', 'salt', 'iterations', 'verifier'] as const)(
    'is none without %s',
    (field) => {
      expect(givenDevice({ ...data, [field]: undefined })).toBeUndefined()
    },
  )

  it('has secrets of its own: what wipes them leaves its data alone', () => {
    const { secrets, data: own } = deviceOf()
    secrets.salt.fill(0)
    expect(own.salt).toEqual(data.salt)
  })
})

describe('a given order', () => {
  it('is the same for the same run, and another one for other devices, images or options', async () => {
    const first = await id(security0)
    expect(await id(security0)).toBe(first)
    const others = await Promise.all([
      id(security0, [deviceOf({ serialNumber: 'OTHER' })]),
      id(security0.replace('a.bin', 't.bin')),
      id(`${security0} --rdp 1`),
      id(`${security0} --erase`),
      id(security1),
    ])
    expect(new Set([first, ...others]).size).toBe(others.length + 1)
  })

  it('has the images that the flow needs, each where the command line puts it', async () => {
    const { prepared, findings } = await orderOf(security1)
    expect(findings).toEqual([])
    expect(prepared.images.provisioning).toBeUndefined()
    expect(prepared.images.application.address).toBe(0x7000_6000)
    expect(prepared.images.magicTrailer?.address).toBe(0x701c_bff0)
    expect(prepared.order).toMatchObject({ platform: 'wba', security: 1, quantity: 1 })
    expect(prepared.given?.get('TEST_SN')).toEqual(data)
  })

  it('is judged by the rules of orders', async () => {
    const over = await orderOf(security0.replace('0x08000000', '0x081EB000'))
    expect(over.findings.map(({ rule, severity }) => [rule, severity])).toEqual([])
    const inside = await orderOf(security0.replace('0x08000000', '0x081EC000'))
    expect(inside.findings.map(({ rule }) => rule)).toContain('ORD-04')
  })

  it('takes another address of the data with a warning: whoever builds firmware knows', async () => {
    const { findings } = await orderOf(security0.replace('0x81EC000', '0x81EE000'))
    expect(findings.map(({ rule, severity }) => [rule, severity])).toEqual([['ORD-04', 'warning']])
  })
})
