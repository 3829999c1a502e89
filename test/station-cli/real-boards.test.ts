import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../scripts/root.ts'
import { writePassphrase, writeTestPki } from '../cli/support/pki.ts'
import { LineBench, probeOf } from './support/line-bench.ts'

let line: LineBench
let passphraseFile = ''

beforeAll(async () => {
  line = await LineBench.open({ boards: ['wba', 'wba', 'wba'] })
  passphraseFile = await writePassphrase(line.folder)
  await writeTestPki(join(line.folder, 'home/pki'))
  cpSync(join(root, 'examples'), join(line.folder, 'examples'), { recursive: true })
  line.write('data.json', readFileSync(join(root, 'examples/Provisioning_FactoryData.json')))
  const order = JSON.parse(readFileSync(join(root, 'examples/work-order.json'), 'utf8'))
  line.write('examples/order.json', JSON.stringify({ ...order, quantity: 2 }))
})

afterAll(() => line[Symbol.asyncDispose]())

describe('keyline provision on real boards', () => {
  it('makes the units of an order on the boards that are named, through programmer and ttys', async () => {
    const words = 'provision examples/order.json --slots 2 --programmer --labels labels'
    const env = { KEYLINE_PASSPHRASE_FILE: passphraseFile }
    const options = { slots: [2, 3], home: 'home', env }
    const { code, out, err } = await line.keyline(words, options)
    expect({ code, err }, out).toEqual({ code: 0, err: '' })
    expect(out).toContain('2 PASS  0 FAIL  0 ERROR  0 QUARANTINE')
    for (const slot of [2, 3]) {
      expect(out).toContain(`started on probe ${probeOf(slot)}`)
      expect(line.board(slot).running).toMatchObject({ kind: 'application' })
    }
    expect(new TextDecoder().decode(line.file('labels/EX-000001.svg'))).toContain('<svg')
  })

  it('does not run real boards on a clock that is not', async () => {
    const { code, err } = await line.keyline(
      'provision examples/order.json --fast --programmer',
      {},
    )
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('--fast') })
  })
})

describe('a provisioning manager of somebody else', () => {
  it('conducts the exchange in the form that ST asks for, and its board says so', async () => {
    const { code, out, err } = await line.genFactoryData(
      '--provisioning 1 --security 0 --json data.json --flashAddr 0x81EC000 ' +
        '--flashProvisioningFW STM_Provisioning_L1.bin --flashAppFW Lighting-App.bin --AppFwAddr 0x08000000 ' +
        '--provisioning_script examples/managers/provisioning.py -v',
      { slots: [1], env: { PYTHONPATH: join(root, 'test/serial/support') } },
    )
    expect({ code }, `${out}${err}`).toEqual({ code: 0 })
    expect(out).toContain('the board reported 000')
    expect(out).toMatch(/● PASS {2}.*\(key unproven, demo\)/)
  })
})
