import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../scripts/root.ts'
import type { Ended } from '../cli/support/keyline.ts'
import { credentialProblems, keyPlaces, recordsOf, tags } from './support/factory-records.ts'
import { LineBench } from './support/line-bench.ts'

/** The examples of ST's description, each on a board of its own; the stray comment of the first one is left out. */

const vectors = join(root, 'test/vectors/matter/factory-data')
/** The image of `Provisioning_FactoryData.json`. */
const golden = recordsOf(readFileSync(join(vectors, 'provisioning-fff1-8004.bin')))
const regionLength = 4_096

const slots = { none: 1, oemirot: 2, tfm: 3, u5: 4, wb55: 5, cks: 6, again: 7 } as const

let line: LineBench

beforeAll(async () => {
  line = await LineBench.open({ boards: ['wba', 'wba', 'wba', 'u5', 'wb55', 'wb55', 'wba'] })
  const { vectors: cases } = JSON.parse(readFileSync(join(vectors, 'encode.json'), 'utf8'))
  line.write('Full_FactoryData.json', JSON.stringify(cases[0].input))
  line.write(
    'Provisioning_FactoryData.json',
    readFileSync(join(root, 'examples/Provisioning_FactoryData.json')),
  )
})

afterAll(() => line[Symbol.asyncDispose]())

async function run(example: string, slot: number): Promise<Ended> {
  return line.genFactoryData(example, { slots: [slot] })
}

function expectPass({ code, out, err }: Ended): void {
  expect({ code, out }, `${out}${err}`).toEqual({
    code: 0,
    out: expect.stringMatching(/● PASS {2}evidence complete[^]*1 of 1 boards passed/),
  })
}

const byTag = (a: number, b: number): number => a - b

/** The records on a board: those of the JSON as they were given, and sound credentials beside them. */
async function expectData(slot: number, address: number, keyInFlash: boolean): Promise<Uint8Array> {
  const region = await line.read(slot, address, regionLength)
  const records = recordsOf(region)
  expect(credentialProblems(records)).toEqual([])
  const added = [tags.dac, tags.pai, ...(keyInFlash ? [tags.privateKey] : []), tags.publicKey]
  expect([...records.keys()].toSorted(byTag)).toEqual([...golden.keys(), ...added].toSorted(byTag))
  for (const [tag, value] of golden) expect(records.get(tag)).toEqual(value)
  const places = keyPlaces(region, records.get(tags.publicKey) ?? new Uint8Array())
  expect(places).toHaveLength(keyInFlash ? 1 : 0)
  return records.get(tags.publicKey) ?? new Uint8Array()
}

async function expectFirmware(slot: number, address: number, file: string): Promise<void> {
  const image = line.file(file)
  expect(Buffer.from(await line.read(slot, address, image.length)).equals(image)).toBe(true)
  expect(line.board(slot).running).toMatchObject({ kind: 'application' })
}

/** The boot loader has used the trailer up, and what protects it stands. */
async function expectSecureBoot(slot: number, trailer: number): Promise<void> {
  expect(await line.read(slot, trailer, 16)).toEqual(new Uint8Array(16).fill(0xff))
  const { options, bootOutcome } = line.board(slot)
  expect(['installed', 'kept']).toContain(bootOutcome)
  expect(
    ['TZEN', 'WRP1A_PSTRT', 'WRP1A_PEND', 'HDP1EN', 'HDP1_PEND', 'BOOT_LOCK', 'RDP'].map((name) =>
      options.value(name),
    ),
  ).toEqual([1, 2, 0xb, 1, 0xa, 1, 0xaa])
}

const oemirot =
  '--provisioning 1 --security 1 --platform wba --json Provisioning_FactoryData.json --flashAddr 0x81EC000 ' +
  '--flashAppFW oemirot_tz_ns_app_enc_sign.bin --AppFwAddr 0x700060000 --provisioning_script STM32_provisioning.py ' +
  '--flashMagicTrailer MagicTrailerValue.bin --flashMagicTrailerAddr 0x701CBFF0 -v'

const wb55 =
  '--provisioning 1 --json Provisioning_FactoryData.json --flashAddr 0x901C0000 ' +
  '--flashCoFW wb55-stm32wb5x_BLE_Thread_fw.bin --CoFwAddr 0x08094000 ' +
  '--flashProvisioningFW wb55-STM_Provisioning.bin --flashAppFW wb55-Lighting-App.bin --AppFwAddr 0x08000000 ' +
  '--provisioning_script STM32_provisioning.py'

describe('a usage example of the original on a board', () => {
  it('provisions an STM32WBA6 without OEMiRoT, its key in flash', async () => {
    const example =
      '--provisioning 1 --security 0 --json Provisioning_FactoryData.json --flashAddr 0x81EC000 ' +
      '--flashProvisioningFW STM_Provisioning.bin --flashAppFW Lighting-App.bin --AppFwAddr 0x08000000 ' +
      '--provisioning_script STM32_provisioning.py'
    expectPass(await run(example, slots.none))
    await expectData(slots.none, 0x081e_c000, true)
    await expectFirmware(slots.none, 0x0800_0000, 'Lighting-App.bin')
    expect(line.board(slots.none).keyPlace).toBe('flash')
  })

  it('refuses the address of nine digits that is printed for OEMiRoT, and touches no board', async () => {
    expect(await run(oemirot, slots.oemirot)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('CLI-07 error --AppFwAddr=0x700060000'),
    })
    const region = await line.read(slots.oemirot, 0x081e_c000, 16)
    expect(region).toEqual(new Uint8Array(16).fill(0xff))
  })

  it('provisions an STM32WBA6 with OEMiRoT at the right address', async () => {
    expectPass(await run(oemirot.replace('0x700060000', '0x70006000'), slots.oemirot))
    await expectData(slots.oemirot, 0x081e_c000, true)
    await expectFirmware(slots.oemirot, 0x0801_e000, 'oemirot_tz_ns_app_enc_sign.bin')
    await expectSecureBoot(slots.oemirot, 0x701c_bff0)
  })

  it('provisions an STM32WBA6 with OEMiRoT and TF-M, its key in ITS and nowhere to be read', async () => {
    const example =
      '--provisioning 1 --security 2 --platform wba --json Provisioning_FactoryData.json --flashAddr 0x81EC000 ' +
      '--flashAppFW oemirot_tz_ns_app_enc_sign.bin --AppFwAddr 0x70040000 --provisioning_script STM32_provisioning.py ' +
      '--flashMagicTrailer MagicTrailerValue.bin --flashMagicTrailerAddr 0x701BFFF0 -v'
    expectPass(await run(example, slots.tfm))
    const publicKey = await expectData(slots.tfm, 0x081e_c000, false)
    await expectFirmware(slots.tfm, 0x0805_8000, 'oemirot_tz_ns_app_enc_sign.bin')
    await expectSecureBoot(slots.tfm, 0x701b_fff0)
    expect(line.board(slots.tfm).keyPlace).toBe('psa')
    const storage = await line.read(slots.tfm, 0x081e_a000, 0x2000)
    expect(storage.some((octet) => octet !== 0xff)).toBe(true)
    expect(keyPlaces(storage, publicKey)).toEqual([])
  })

  it('provisions an STM32U5 with OEMiRoT', async () => {
    const example =
      '--provisioning 1 --security 1 --platform u5 --json Provisioning_FactoryData.json --flashAddr 0x81EC000 ' +
      '--flashAppFW sbsfu_app_enc_sign.bin --AppFwAddr 0x08100000 --provisioning_script STM32_provisioning.py ' +
      '--flashMagicTrailer MagicTrailerValue.bin --flashMagicTrailerAddr 0x081E5FF0 -v'
    expectPass(await run(example, slots.u5))
    await expectData(slots.u5, 0x081e_c000, true)
    await expectFirmware(slots.u5, 0x0801_8000, 'sbsfu_app_enc_sign.bin')
    await expectSecureBoot(slots.u5, 0x081e_5ff0)
  })

  it('provisions an STM32WB55 in test mode behind a new coprocessor, its key in flash', async () => {
    expectPass(await run(`${wb55} --mode test`, slots.wb55))
    await expectData(slots.wb55, 0x901c_0000, true)
    await expectFirmware(slots.wb55, 0x0800_0000, 'wb55-Lighting-App.bin')
    const { coprocessor, customerKeys, options } = line.board(slots.wb55)
    expect(coprocessor?.version).toBe('1.21.0')
    expect(customerKeys?.isWritten(1)).toBe(false)
    expect(['nSWBOOT0', 'nBOOT1', 'nBOOT0'].map((name) => options.value(name))).toEqual([1, 1, 1])
  })

  it('keeps the key of an STM32WB55 in CKS in production mode, and nowhere to be read', async () => {
    expectPass(await run(`${wb55} --mode production`, slots.cks))
    const publicKey = await expectData(slots.cks, 0x901c_0000, false)
    const { customerKeys, keyPlace } = line.board(slots.cks)
    expect(customerKeys?.isWritten(1)).toBe(true)
    expect(customerKeys?.sign(1, publicKey, new Uint8Array(32))).toHaveLength(64)
    expect(keyPlace).toBe('cks')
  })

  it('reprograms the data of any board', async () => {
    const example = '--provisioning 0 --json Full_FactoryData.json --flashAddr 0x81EC000'
    expectPass(await run(example, slots.again))
    const full = readFileSync(join(vectors, 'full-fff1-8004.bin'))
    expect(Buffer.from(await line.read(slots.again, 0x081e_c000, full.length))).toEqual(full)
  })
})
