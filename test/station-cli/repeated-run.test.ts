import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../scripts/root.ts'
import { credentialProblems, recordsOf } from './support/factory-records.ts'
import { LineBench } from './support/line-bench.ts'

let line: LineBench

beforeAll(async () => {
  line = await LineBench.open({ boards: ['wba', 'wba', 'u5'] })
  line.write('data.json', readFileSync(join(root, 'examples/Provisioning_FactoryData.json')))
})

afterAll(() => line[Symbol.asyncDispose]())

function example(provisioning: string): string {
  return (
    '--provisioning 1 --security 0 --json data.json --flashAddr 0x81EC000 ' +
    `--flashProvisioningFW ${provisioning} --flashAppFW Lighting-App.bin --AppFwAddr 0x08000000 ` +
    '--provisioning_script built-in'
  )
}

async function problemsOn(slot: number): Promise<readonly string[]> {
  return credentialProblems(recordsOf(await line.read(slot, 0x081e_c000, 4_096)))
}

describe('a run that is repeated', () => {
  it('passes with the right firmware after it has failed with a wrong one, on the same board alone', async () => {
    const plant = { slots: [1], home: 'plant' }
    const wrong = await line.genFactoryData(
      `${example('Lighting-App.bin')} --timeout-sync 1`,
      plant,
    )
    expect(wrong.code, wrong.err).toBe(1)
    expect(wrong.out).toContain('▲ ERROR  STATION_SYNC_TIMEOUT')
    const elsewhere = await line.genFactoryData(example('STM_Provisioning.bin'), {
      ...plant,
      slots: [2],
    })
    expect(elsewhere.code, elsewhere.out).toBe(1)
    expect(elsewhere.err).toContain('is in no slot of this station')
    expect(await line.read(2, 0x081e_c000, 16)).toEqual(new Uint8Array(16).fill(0xff))
    const right = await line.genFactoryData(`${example('STM_Provisioning.bin')} --rdp 1`, plant)
    expect({ code: right.code }, `${right.out}${right.err}`).toEqual({ code: 0 })
    expect(line.board(1).options.rdp).toBe(1)
  })

  it('goes on where Ctrl+C has ended it, on the board that says what it holds', async () => {
    const plant = { slots: [2], home: 'other' }
    await using running = line.startGenFactoryData(example('STM_Provisioning.bin'), plant)
    await running.until('] program-application')
    running.interrupt()
    const ended = await running.ended
    expect(ended.code, `${ended.out}${ended.err}`).toBe(130)
    expect(ended.out).toContain('■ QUARANTINE  INTERRUPTED')
    const again = await line.genFactoryData(example('STM_Provisioning.bin'), plant)
    expect({ code: again.code }, `${again.out}${again.err}`).toEqual({ code: 0 })
    expect(again.out).toContain('TEST_SN goes on')
    expect(again.out).not.toContain('] exchange')
    expect(await problemsOn(2)).toEqual([])
  })
})

describe('everything that is wrong', () => {
  it('is told at once, before a board is touched', async () => {
    const json: object = JSON.parse(new TextDecoder().decode(line.file('data.json')))
    line.write('bad.json', JSON.stringify({ ...json, SETUP_DISCRIMINATOR: '0xFFFF' }))
    const { code, out, err } = await line.genFactoryData(
      '--provisioning 1 --security 1 --platform u5 --json bad.json --flashAddr 0x81EC000 ' +
        '--flashAppFW sbsfu_app_enc_sign.bin --AppFwAddr 0x08100000 --provisioning_script built-in ' +
        '--flashMagicTrailer MagicTrailerValue.bin --flashMagicTrailerAddr 0x081E5FF0 --scripts nowhere',
      { slots: [3] },
    )
    expect({ code, out }).toEqual({ code: 2, out: '' })
    for (const rule of ['FD-013', 'CLI-22']) expect(err).toContain(rule)
  })
})
