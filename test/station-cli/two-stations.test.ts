import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../scripts/root.ts'
import { LineBench } from './support/line-bench.ts'

const example =
  '--provisioning 1 --security 0 --json data.json --flashAddr 0x81EC000 ' +
  '--flashProvisioningFW STM_Provisioning.bin --flashAppFW Lighting-App.bin --AppFwAddr 0x08000000 ' +
  '--provisioning_script built-in'

let line: LineBench

beforeAll(async () => {
  line = await LineBench.open({ boards: ['wba', 'wba', 'wba'] })
  line.write('data.json', readFileSync(join(root, 'examples/Provisioning_FactoryData.json')))
})

afterAll(() => line[Symbol.asyncDispose]())

describe('two stations at once', () => {
  it('work one after the other on one probe: the second one finds it taken', async () => {
    await using first = line.startGenFactoryData(`${example} --rdp 1`, { slots: [1], home: 'a' })
    await first.until('] check-port')
    const second = await line.genFactoryData(example, { slots: [1], home: 'b' })
    expect(second).toMatchObject({ code: 3, err: expect.stringContaining('STATION_BUSY') })
    const { code, out, err } = await first.ended
    expect({ code }, `${out}${err}`).toEqual({ code: 0 })
    expect(line.board(1).options.rdp).toBe(1)
  })

  it('put one identity onto one board, whoever is faster', async () => {
    const shared = `${example} --ledger shared.db`
    const env = { KEYLINE_STORE_KEY_FILE: 'store.key' }
    line.write('store.key', '5a'.repeat(32), 0o600)
    const both = await Promise.all([
      line.genFactoryData(shared, { slots: [2], home: 'c', env }),
      line.genFactoryData(shared, { slots: [3], home: 'd', env }),
    ])
    const said = both.map(({ out, err }) => `${out}${err}`).join('\n')
    expect(
      both.filter(({ code }) => code === 0),
      said,
    ).toHaveLength(1)
    const written = await Promise.all([2, 3].map((slot) => line.read(slot, 0x081e_c000, 16)))
    const blank = written.filter((octets) => octets.every((octet) => octet === 0xff))
    expect(blank).toHaveLength(1)
  })
})
