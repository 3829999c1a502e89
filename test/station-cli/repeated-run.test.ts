import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBench, type Bench } from '@keyline/board'
import { systemClock } from '@keyline/bytes'
import { root } from '../../scripts/root.ts'
import type { Ended } from '../cli/support/keyline.ts'
import { credentialProblems, recordsOf } from './support/factory-records.ts'
import { LineBench, probeOf } from './support/line-bench.ts'

let line: LineBench

beforeAll(async () => {
  line = await LineBench.open({ boards: ['wba'] })
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

function readData(bench: Bench, slot: number): Promise<Uint8Array> {
  return bench.read(probeOf(slot), 0x081e_c000, 4_096)
}

describe('a run that is repeated', () => {
  it('passes with the right firmware after it has failed with a wrong one, on the same board alone', async () => {
    const run = (provisioning: string, slot: number, more = ''): Promise<Ended> =>
      line.genFactoryData(`${example(provisioning)} --simulate 2:bench${more}`, {
        slots: [slot],
        home: 'plant',
      })
    const wrong = await run('Lighting-App.bin', 1, ' --timeout-sync 1')
    expect(wrong.code, wrong.err).toBe(1)
    expect(wrong.out).toContain('▲ ERROR  STATION_SYNC_TIMEOUT')
    const elsewhere = await run('STM_Provisioning.bin', 2)
    expect(elsewhere.code, elsewhere.out).toBe(1)
    expect(elsewhere.err).toContain('is in no slot of this station')
    const right = await run('STM_Provisioning.bin', 1, ' --erase')
    expect({ code: right.code }, `${right.out}${right.err}`).toEqual({ code: 0 })
    using bench = openBench({ slots: 2, clock: systemClock, folder: join(line.folder, 'bench') })
    const regions = await Promise.all([1, 2].map((slot) => readData(bench, slot)))
    expect(credentialProblems(recordsOf(regions[0] ?? new Uint8Array()))).toEqual([])
    expect(regions[1]?.every((octet) => octet === 0xff)).toBe(true)
  })

  it('goes on where Ctrl+C has ended it, on the board that says what it holds', async () => {
    const plant = { slots: [1], home: 'other' }
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
    const region = await readData(line.bench, 1)
    expect(credentialProblems(recordsOf(region))).toEqual([])
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
      { slots: [1] },
    )
    expect({ code, out }).toEqual({ code: 2, out: '' })
    for (const rule of ['FD-013', 'CLI-22']) expect(err).toContain(rule)
  })
})
