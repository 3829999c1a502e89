import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../../scripts/root.ts'
import { builtPrograms } from '../support/bundled-program.ts'
import { FakePrograms } from '../../packages/station/src/testing/fake-program.ts'
import { KeylineProcess } from '../cli/support/keyline.ts'

const image = join(root, 'test/vectors/matter/factory-data/full-fff1-8004.bin')
const bin = builtPrograms.genFactoryData

describe('Ctrl+C', () => {
  it('ends a programmer in mid-write, keeps the record of what was begun, and leaves no image behind', async () => {
    using fake = await FakePrograms.open()
    const state = fake.path('state')
    const program = await fake.programmer(`
      const list = ['===== STLink Interface =====', 'ST-Link Probe 0 :', '  ST-LINK SN  : A1']
      if (isCall('-l')) say(...list)
      else if (isCall('-u')) { say('Device ID : 0x4B0'); fs.writeFileSync(argv.at(-2), Buffer.alloc(12)) }
      else if (isCall('-ob')) say('Device ID : 0x4B0', 'RDP : 0xAA')
      else {
        fs.writeFileSync(${JSON.stringify(state)}, process.pid + ' ' + argv[argv.indexOf('-d') + 1])
        setInterval(() => {}, 1000)
      }`)
    const words = ['--provisioning', '0', '--binary', image, '--flashAddr', '0x81EC000']
    const journal = fake.path('journal')
    const line = [process.execPath, bin, ...words, '-pp', program, '--journal', journal, '-v']
    await using running = new KeylineProcess(line)
    await running.until('program factory-data 0x081EC000 …')
    await expect.poll(() => existsSync(state) && readFileSync(state, 'utf8')).toMatch(/\.bin$/)
    running.interrupt()
    const { code, out } = await running.ended
    expect(code).toBe(130)
    expect(out).toContain('■ QUARANTINE  INTERRUPTED')
    const [pid = '', file = ''] = readFileSync(state, 'utf8').split(' ')
    expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH')
    expect(existsSync(file)).toBe(false)
    const records = readFileSync(join(journal, 'journal.jsonl'), 'utf8')
    expect(records).toContain('"type":"intent"')
    expect(records).toContain('"verdict":"QUARANTINE"')
    expect(readdirSync(journal)).toContain('journal.jsonl')
  })
})
