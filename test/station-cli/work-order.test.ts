import {
  copyFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../scripts/root.ts'
import { builtPrograms } from '../support/bundled-program.ts'
import { keyline, KeylineProcess, type Ended } from '../cli/support/keyline.ts'
import { writePassphrase, writeTestPki } from '../cli/support/pki.ts'

const examples = join(root, 'examples')
const bin = builtPrograms.genFactoryData

let folder = ''
let passphraseFile = ''

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-gen-order-'))
  passphraseFile = await writePassphrase(folder)
  await writeTestPki(join(folder, 'home/pki'))
  cpSync(join(examples, 'images'), join(folder, 'images'), { recursive: true })
  copyFileSync(
    join(examples, 'certification-declaration.der'),
    join(folder, 'certification-declaration.der'),
  )
  const order = JSON.parse(readFileSync(join(examples, 'work-order.json'), 'utf8'))
  writeFileSync(join(folder, 'order.json'), JSON.stringify({ ...order, quantity: 3 }))
  writeFileSync(join(folder, 'STM32_provisioning.py'), '')
  writeFileSync(join(folder, 'rows.csv'), '')
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The first example of the original, with a work order in place of the JSON. */
const example = [
  '--provisioning 1 --security 0 --json order.json --flashAddr 0x81EC000',
  '--flashProvisioningFW images/stm32wba65-provisioning-x1.bin',
  '--flashAppFW images/stm32wba65-application.bin --AppFwAddr 0x08000000',
  '--provisioning_script STM32_provisioning.py',
].join(' ')

/** The executable, in the folder of the order. */
async function genFactoryData(line: string): Promise<Ended> {
  const env = { KEYLINE_HOME: 'home', KEYLINE_PASSPHRASE_FILE: passphraseFile }
  const command = [process.execPath, bin, ...line.split(' ')]
  await using running = new KeylineProcess(command, { env, cwd: folder })
  return await running.ended
}

describe('genFactoryData under a work order', () => {
  it('gives each board an identity of its own and the evidence for it', async () => {
    const { code, out, err } = await genFactoryData(`${example} --simulate 2`)
    expect({ code }, `${out}${err}`).toEqual({ code: 0 })
    expect(out).toContain('[sim:1 0001] ● PASS')
    expect(out).toContain('2 of 2 boards passed')
    expect(out).not.toContain('stopped')
    const results = join(folder, 'keyline-results/example-0001')
    const passports = readdirSync(results, { recursive: true, encoding: 'utf8' })
    expect(passports.filter((name) => name.endsWith('passport.json'))).toHaveLength(2)
  })

  it.each([
    ['another image', ['application.bin', 'provisioning-x1.bin'], 'CLI-23 error --flashAppFW='],
    ['another address', ['0x08000000', '0x08002000'], 'CLI-23 error --AppFwAddr=0x8002000'],
    [
      'a batch beside it',
      [' --simulate 1', ' --simulate 1 --batch rows.csv'],
      'CLI-23 error --batch',
    ],
    ['a bench of nothing', ['--simulate 1', '--simulate 0'], 'CLI_USAGE'],
  ] as const)('refuses %s before a board is touched', async (_, [from, to], words) => {
    const line = `${example} --simulate 1`.replace(from, to)
    const absolute = line
      .split(' ')
      .map((word) => (/\.(?:json|bin|py|csv)$/.test(word) ? join(folder, word) : word))
    const { code, out, err } = await keyline('gen-factory-data', ...absolute)
    expect({ code, out, err }).toEqual({ code: 2, out: '', err: expect.stringContaining(words) })
  })
})
