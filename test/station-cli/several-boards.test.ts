import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSerialPorts } from '@keyline/station'
import { root } from '../../scripts/root.ts'
import type { Ended } from '../cli/support/keyline.ts'
import { recordsOf } from './support/factory-records.ts'
import { LineBench, probeOf, type RunOptions } from './support/line-bench.ts'

const dataAddress = 0x081e_c000
const tags = { passcode: 15, serialNumber: 25 } as const

let line: LineBench

beforeAll(async () => {
  line = await LineBench.open({ boards: ['wba', 'wba', 'wba'] })
  line.write('data.json', readFileSync(join(root, 'examples/Provisioning_FactoryData.json')))
  const rows = [1, 2, 3].map((number) => ({
    SERIAL_NUMBER: `ROW-${number}`,
    SETUP_DISCRIMINATOR: `0x10${number}`,
  }))
  line.write('rows.jsonl', rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
})

afterAll(() => line[Symbol.asyncDispose]())

function run(more: string, options: RunOptions): Promise<Ended> {
  return line.genFactoryData(
    '--provisioning 1 --security 0 --json data.json --flashAddr 0x81EC000 ' +
      '--flashProvisioningFW STM_Provisioning.bin --flashAppFW Lighting-App.bin --AppFwAddr 0x08000000 ' +
      `--provisioning_script built-in ${more}`.trim(),
    options,
  )
}

async function serialNumberOn(slot: number): Promise<string | undefined> {
  const region = await line.read(slot, dataAddress, 4_096)
  const octets = region.every((octet) => octet === 0xff)
    ? undefined
    : recordsOf(region).get(tags.serialNumber)
  return octets && new TextDecoder().decode(octets)
}

describe('genFactoryData on several boards', () => {
  it('asks what to do with one identity, and touches none of them', async () => {
    const refused = await run('', { slots: [1, 2] })
    expect(refused).toMatchObject({ code: 2, out: '' })
    for (const advice of ['CLI-21', '--boards', '--batch', '--same-identity']) {
      expect(refused.err).toContain(advice)
    }
    expect(await serialNumberOn(1)).toBeUndefined()
  })

  it('gives each a row of the batch, leaves out the one whose port is taken, and tells', async () => {
    const [probe] = await line.bench.list()
    const taken = await createSerialPorts().open(probe?.port ?? '')
    try {
      const more = '--batch rows.jsonl --json-log log.jsonl --read-back kept --jobs 1'
      const { code, out, err } = await run(more, { slots: [1, 2, 3], home: 'plant' })
      expect({ code }, `${out}${err}`).toEqual({ code: 1 })
      expect(err).toContain(`[${probe?.port ?? ''} 0001] left out: STATION_PORT_BUSY`)
      expect(out).toContain('2 of 3 boards passed')
      expect(await Promise.all([1, 2, 3].map(serialNumberOn))).toEqual([
        undefined,
        'ROW-1',
        'ROW-2',
      ])
    } finally {
      await taken.close()
    }
    const log = new TextDecoder().decode(line.file('log.jsonl'))
    expect(log.match(/"type":"board-left-out"/g)).toHaveLength(1)
    expect(log.match(/"verdict":"PASS"/g)).toHaveLength(2)
    expect(log).not.toContain('20202021')
    const kept = recordsOf(line.file(`kept.${probeOf(2)}`))
    expect(new TextDecoder().decode(kept.get(tags.serialNumber))).toBe('ROW-1')
  })

  it('goes on with the rows that no board has got, until all are made', async () => {
    const next = await run('--batch rows.jsonl', { slots: [1], home: 'plant' })
    expect({ code: next.code }, `${next.out}${next.err}`).toEqual({ code: 0 })
    expect(await serialNumberOn(1)).toBe('ROW-3')
    const none = await run('--batch rows.jsonl', { slots: [1], home: 'plant' })
    expect(none).toMatchObject({ code: 2, out: '', err: expect.stringContaining('CLI-21') })
  })

  it('puts the same identity on all of them when it is told to, and keeps them out of the ledger', async () => {
    const copies = await run('--same-identity', { slots: [1, 2], home: 'bureau' })
    expect({ code: copies.code }, `${copies.out}${copies.err}`).toEqual({ code: 0 })
    expect(copies.err).toContain('CLI-W6')
    expect(await Promise.all([1, 2].map(serialNumberOn))).toEqual(['TEST_SN', 'TEST_SN'])
    expect(existsSync(join(line.folder, 'bureau/ledger.db'))).toBe(false)
  })

  it('finds no usable board where every port is taken', async () => {
    const probes = await line.bench.list()
    const taken = await createSerialPorts().open(probes[2]?.port ?? '')
    try {
      const { code, out } = await run('', { slots: [3] })
      expect({ code, out }).toEqual({ code: 3, out: '0 of 1 boards passed\n' })
    } finally {
      await taken.close()
    }
  })
})
