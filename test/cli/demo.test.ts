import { execFile } from 'node:child_process'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseJson } from '@keyline/bytes'
import { isManifestSigned, Manifest } from '@keyline/ledger/records'
import { decodeManualCode, decodeQrPayload } from '@keyline/matter'
import { temporaryFolder } from '../support/line.ts'
import { requireProgram } from '../support/program.ts'
import { keyline, runInstalled, runKeyline, startKeyline, type Ended } from './support/keyline.ts'

const run = promisify(execFile)

describe('the demo, twice in one folder', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let first: Ended
  let second: Ended
  const results = (order: string): string => join(folder.path, 'keyline-results', order)
  const home = (): readonly string[] => ['--home', join(folder.path, 'keyline-data')]

  beforeAll(async () => {
    requireProgram({ command: 'openssl', debianPackage: 'openssl' })
    folder = await temporaryFolder('keyline-demo')
    const options = { cwd: folder.path }
    first = await runInstalled(['demo', '--fast', '--slots', '3'], options)
    second = await runKeyline(['demo', '--fast', '--slots', '3', '--json'], options)
  })
  afterAll(() => folder[Symbol.asyncDispose]())

  it('makes a board in each slot and says so in plain lines without escape codes', () => {
    expect(first.code).toBe(0)
    expect(first.err).toBe('')
    expect(first.out).not.toContain('\u001b')
    expect(first.out.match(/● PASS {2}evidence complete/g)).toHaveLength(3)
    expect(first.out).toContain('order demo-0001   3 PASS  0 FAIL  0 ERROR  0 QUARANTINE')
    expect(first.out.trimEnd()).toMatch(/results in .+keyline-results\/demo-0001$/)
  })

  it('gives one event a line as JSON, and nothing else', () => {
    expect({ code: second.code, err: second.err }).toEqual({ code: 0, err: '' })
    const events = second.out
      .trimEnd()
      .split('\n')
      .map((line) => parseJson(line, 'an event'))
    expect(events.at(-1)).toMatchObject({
      type: 'run-ended',
      summary: { order: 'demo-0002', pass: 3, remaining: 0 },
    })
  })

  it('goes on with the serial numbers', async () => {
    const units = await Promise.all(
      ['demo-0001', 'demo-0002'].map((order) => readdir(join(results(order), 'units'))),
    )
    expect(units.map((names) => names.toSorted())).toEqual([
      ['ST-000001', 'ST-000002', 'ST-000003'],
      ['ST-000004', 'ST-000005', 'ST-000006'],
    ])
  })

  it('leaves the results of the order complete', async () => {
    expect((await readdir(results('demo-0001'))).toSorted()).toEqual([
      'manifest.json',
      'paa.pem',
      'pai.pem',
      'summary.json',
      'summary.txt',
      'units',
    ])
    const summary = await readFile(join(results('demo-0001'), 'summary.txt'), 'utf8')
    expect(first.out).toContain(summary)
    expect(summary).toContain('first-pass yield 100.0 %')
    expect(summary).toMatch(/^attest +3 +\d+\.\d\d s +\d+\.\d\d s$/m)
  })

  it('writes chains that OpenSSL verifies up to the PAA', async () => {
    for (const unit of ['ST-000001', 'ST-000002', 'ST-000003']) {
      const chain = join(results('demo-0001'), 'units', unit, 'dac-chain.pem')
      const paa = join(results('demo-0001'), 'paa.pem')
      const args = ['verify', '-x509_strict', '-CAfile', paa, '-untrusted', chain, chain]
      expect((await run('openssl', args)).stdout).toBe(`${chain}: OK\n`)
    }
  })

  it('writes labels whose codes say the same, and passports without them', async () => {
    const passcodes = new Set<number>()
    for (const unit of ['ST-000001', 'ST-000002', 'ST-000003']) {
      const file = (name: string) =>
        readFile(join(results('demo-0001'), 'units', unit, name), 'utf8')
      const text = await file('onboarding.txt')
      const [, qr = '', manual = ''] = /^QR code +(\S+)\nManual code +(\d+)\n$/.exec(text) ?? []
      const { passcode } = decodeManualCode(manual)
      expect(decodeQrPayload(qr)).toMatchObject([{ vendorId: 0xfff1, productId: 0x8004, passcode }])
      passcodes.add(passcode)
      expect(await file('onboarding.svg')).toMatch(/^<svg [^]*<\/svg>\s*$/)
      const shown = await keyline('unit', 'show', unit, '--json', ...home())
      expect(JSON.parse(await file('passport.json'))).toEqual(JSON.parse(shown.out))
    }
    expect(passcodes.size).toBe(3)
  })

  it('signs both manifests with one key, and each lists its units', async () => {
    const manifests = await Promise.all(
      ['demo-0001', 'demo-0002'].map(async (order) =>
        Manifest.parse(JSON.parse(await readFile(join(results(order), 'manifest.json'), 'utf8'))),
      ),
    )
    expect(manifests.map(isManifestSigned)).toEqual([true, true])
    expect(new Set(manifests.map(({ signature }) => signature.publicKey)).size).toBe(1)
    const units = manifests.flatMap((manifest) => manifest.units)
    expect(units.every(({ verdict }) => verdict === 'PASS')).toBe(true)
    expect(new Set(units.map(({ certificate }) => certificate?.publicKeySha256)).size).toBe(6)
  })

  it('keeps one PAA for all its orders, apart from what `pki init` makes', async () => {
    const [first, second] = await Promise.all(
      ['demo-0001', 'demo-0002'].map((order) => readFile(join(results(order), 'paa.pem'), 'utf8')),
    )
    expect(first).toMatch(/^-----BEGIN CERTIFICATE-----\n/)
    expect(second).toBe(first)
    await expect(readdir(join(folder.path, 'keyline-data', 'pki'))).rejects.toThrow('ENOENT')
  })

  it('keeps the station to its owner', async () => {
    const home = join(folder.path, 'keyline-data')
    for (const path of [home, join(home, 'bench'), join(home, 'journal'), join(home, 'demo-pki')]) {
      expect({ path, mode: (await stat(path)).mode & 0o777 }).toEqual({ path, mode: 0o700 })
    }
  })

  it('goes on when nobody reads its output any more', async () => {
    const args = ['demo', '--fast', '--slots', '1', '--json']
    await using running = startKeyline(args, { cwd: folder.path })
    await running.until('"run-started"')
    running.process.stdout?.destroy()
    expect(await running.ended).toMatchObject({ code: 0, err: '' })
    expect(await readdir(join(results('demo-0003'), 'units'))).toEqual(['ST-000007'])
  })

  it('can be looked at afterwards: a unit, the chain, the state of the station', async () => {
    const unit = await keyline('unit', 'show', 'ST-000002', ...home())
    expect(unit.code).toBe(0)
    expect(unit.out).toMatch(/^verdict +● PASS {2}evidence complete/m)
    expect(await keyline('unit', 'show', 'ST-000008', ...home())).toMatchObject({
      code: 2,
      err: expect.stringContaining('CLI_UNKNOWN_UNIT: there is no unit "ST-000008"'),
    })
    expect(await keyline('doctor', ...home())).toMatchObject({ code: 0 })
  })
})
