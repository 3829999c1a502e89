import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBench } from '@keyline/board'
import { systemClock } from '@keyline/bytes'
import { root } from '../../scripts/root.ts'
import { FakePrograms } from '../../packages/station/src/testing/fake-program.ts'
import { keyline, type Ended } from '../cli/support/keyline.ts'

const vectors = join(root, 'test/vectors/matter/factory-data')
const image = readFileSync(join(vectors, 'full-fff1-8004.bin'))
const dataAddress = 0x081e_c000

let folder = ''
let runs = 0

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-gen-'))
  const { vectors: cases } = JSON.parse(readFileSync(join(vectors, 'encode.json'), 'utf8'))
  writeFileSync(file('full.json'), JSON.stringify(cases[0].input))
  writeFileSync(file('app.bin'), Buffer.alloc(5_000, 0x41))
  for (const name of ['manager.py', 'trailer.bin', 'provisioning.bin'])
    writeFileSync(file(name), name)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string): string {
  return join(folder, name)
}

/** A run with a journal of its own; the words are parted by blanks, names with a dot are files of the test. */
async function run(line: string): Promise<Ended & { readonly journal: readonly Entry[] }> {
  const journal = file(`journal-${++runs}`)
  const words = line
    .split(' ')
    .map((word) => (/^\w+\.(?:json|bin|py)$/.test(word) ? file(word) : word))
  const ended = await keyline('gen-factory-data', ...words, '--journal', journal)
  return { ...ended, journal: readEntries(join(journal, 'journal.jsonl')) }
}

interface Entry {
  readonly type: string
  readonly step: string
  readonly data: Readonly<Record<string, unknown>>
}

function readEntries(path: string): readonly Entry[] {
  try {
    const lines = readFileSync(path, 'utf8').trim().split('\n')
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line))
  } catch {
    return []
  }
}

const reconfigure = '--provisioning 0 --json full.json --flashAddr 0x081EC000'

describe('genFactoryData on simulated boards', () => {
  it('writes the data of the JSON, reads them back and says that they are published ones', async () => {
    const bench = file('bench-1')
    const kept = file('kept')
    const line = `${reconfigure} --read-back ${kept} --keep --simulate 1:${bench}`
    const { code, out, err, journal } = await run(line)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain('● PASS  evidence complete, 2 of 2 (demo: published credentials)')
    expect(out).toContain('1 of 1 boards passed')
    const boards = openBench({ slots: 1, clock: systemClock, folder: bench })
    const probe = (await boards.list())[0]?.serialNumber ?? ''
    expect(Buffer.from(await boards.read(probe, dataAddress, image.length))).toEqual(image)
    boards.close()
    expect(readFileSync(kept)).toEqual(image)
    expect(readFileSync(file('full.json.bin'))).toEqual(image)
    expect(journal.map(({ type, step }) => `${type} ${step}`)).toEqual([
      'intent build-image',
      'outcome build-image',
      'intent program',
      'outcome program',
      'intent reset',
      'outcome reset',
      'decided verdict',
    ])
    expect(journal.at(-1)?.data).toMatchObject({ probe, verdict: 'PASS', demo: true })
  })

  it('programs a firmware as well and compares its hash', async () => {
    const line = `${reconfigure} --flashAppFW app.bin --AppFwAddr 0x08000000 --simulate 1`
    const { code, out, err } = await run(line)
    expect(code).toBe(0)
    expect(err).toContain('CLI-W4 warning --flashAppFW')
    expect(out).toContain('evidence complete, 3 of 3')
  })

  it('reaches the external memory of an STM32WB55 behind its coprocessor, and closes it', async () => {
    const bench = file('bench-wb55')
    const { code, out } = await run(
      '--provisioning 0 --json full.json --flashAddr 0x901C0000 --flashCoFW app.bin --CoFwAddr 0x08094000 ' +
        `--flashAppFW app.bin --AppFwAddr 0x08000000 --rdp 1 --simulate 1:${bench}`,
    )
    expect(code).toBe(0)
    expect(out).toContain('coprocessor-upgrade 0x08094000')
    expect(out).toContain('program factory-data 0x901C0000 with S25FL128S_STM32WB5MM-DK')
    expect(out).toContain('evidence complete, 3 of 3')
    const boards = openBench({ slots: 1, clock: systemClock, folder: bench })
    expect(boards.board(1).options.rdp).toBe(1)
    boards.close()
  })

  it('gives several boards one identity only when it is told to', async () => {
    const refused = await run(`${reconfigure} --simulate 2`)
    expect(refused).toMatchObject({ code: 2, out: '', journal: [] })
    for (const advice of ['--boards', '--batch', '--same-identity']) {
      expect(refused.err).toContain(advice)
    }
    const chosen = await run(`${reconfigure} --simulate 2 --boards SIM000000002`)
    expect(chosen).toMatchObject({ code: 0, out: expect.stringContaining('1 of 1 boards passed') })
    const copies = await run(`${reconfigure} --simulate 2 --same-identity`)
    expect(copies).toMatchObject({ code: 0, out: expect.stringContaining('2 of 2 boards passed') })
    expect(copies.err).toContain('CLI-W6')
  })

  it('finds no board where none has the serial number', async () => {
    const { code, err } = await run(`${reconfigure} --simulate 1 --boards NOBODY`)
    expect({ code, err }).toEqual({ code: 3, err: expect.stringContaining('STATION_NO_BOARD') })
  })
})

describe('genFactoryData before a board is touched', () => {
  it.each<[string, string, string]>([
    ['published data in production', `${reconfigure} --policy production --simulate 1`, 'FD-011'],
    ['an image in place of JSON', reconfigure.replace('full.json', 'app.bin'), 'with --binary'],
    ['JSON in place of an image', reconfigure.replace('--json', '--binary'), 'name it with --json'],
    [
      'the example of security 1 as it is printed',
      '--provisioning 1 --security 1 --platform wba --json full.json --flashAddr 0x81EC000 --flashAppFW app.bin --AppFwAddr 0x700060000 --provisioning_script manager.py --flashMagicTrailer trailer.bin --flashMagicTrailerAddr 0x701CBFF0 -v',
      'CLI-07 error --AppFwAddr=0x700060000',
    ],
    [
      'data with credentials where they are made on the board',
      '--provisioning 1 --security 0 --json full.json --flashAddr 0x81EC000 --flashProvisioningFW provisioning.bin --flashAppFW app.bin --AppFwAddr 0x08000000 --provisioning_script manager.py --simulate 1',
      'FD-042',
    ],
    [
      'a file whose name no system takes',
      reconfigure.replace('full.json', 'x'.repeat(5_000)),
      'CLI-06',
    ],
    ['labels', `${reconfigure} --labels out --simulate 1`, 'STATION_NO_FLOW'],
    ['a bench of nothing', `${reconfigure} --simulate 0`, 'CLI_USAGE'],
  ])('refuses %s', async (_, line, words) => {
    const { code, out, err, journal } = await run(line)
    expect({ code, out, err, journal }).toEqual({
      code: 2,
      out: '',
      err: expect.stringContaining(words),
      journal: [],
    })
  })

  it('prints its plan', async () => {
    const { code, out } = await run(`${reconfigure} --dry-run --keep --rdp 1`)
    expect({ code, out }).toEqual({
      code: 0,
      out: [
        'for each board (wba):',
        '  1  build-image',
        '  2  program factory-data 0x081EC000',
        '  3  reset',
        '  4  protect RDP 1',
        '',
      ].join('\n'),
    })
  })

  it('prints its options, and where there is no programmer says where it looked', async () => {
    expect(await keyline('gen-factory-data', '--help')).toMatchObject({
      code: 0,
      out: expect.stringContaining('-cofwa, --CoFwAddr ADDRESS'),
    })
    const { code, err } = await run(`${reconfigure} -pp /nowhere`)
    expect({ code, err }).toEqual({
      code: 3,
      err: expect.stringContaining('/nowhere/STM32_Programmer_CLI'),
    })
  })
})

describe('genFactoryData with the programmer of ST', () => {
  it('passes a board that holds its data', async () => {
    const { code, out, calls, log } = await runOnFake()
    expect(out).toContain('[/dev/ttyACM7 5631] program factory-data 0x081EC000')
    expect(code).toBe(0)
    expect(calls.map((words) => words.find((word) => /^-(?:l|ob|u|d|rst)$/.test(word)))).toEqual([
      '-l',
      '-ob',
      '-u',
      '-d',
      '-rst',
      '-ob',
      '-u',
      '-u',
    ])
    expect(log).toContain('"verdict":"PASS"')
  })

  it('fails a board that holds something else, whatever its programmer says', async () => {
    const { code, out } = await runOnFake({ lie: 0x7f })
    expect(code).toBe(1)
    expect(out).toContain('✖ FAIL  EVIDENCE_DATA')
  })

  it('closes a good board behind its protection, and that last', async () => {
    const { code, calls } = await runOnFake({ extra: '--rdp 1' })
    expect(code).toBe(0)
    expect(calls.at(-1)).toContain('RDP=0xBB')
  })
})

/** A board whose flash is a file for each address; `lie` is what its first octet becomes. */
async function runOnFake(options: { readonly lie?: number; readonly extra?: string } = {}) {
  using fake = await FakePrograms.open()
  const program = await fake.programmer(fakeBoard(fake.folder, options.lie))
  const log = fake.path('log.jsonl')
  const ended = await run(
    `${reconfigure} -pp ${program} --json-log ${log} ${options.extra ?? '-v'}`,
  )
  return { ...ended, calls: await fake.calls(), log: readFileSync(log, 'utf8') }
}

function fakeBoard(folder: string, lie: number | undefined): string {
  return `
    const memory = (address) => ${JSON.stringify(folder)} + '/' + Number(address) + '.flash'
    const at = (word) => argv[argv.indexOf(word) + 1]
    const list = ['STM32CubeProgrammer v2.20.0', '===== STLink Interface =====', 'ST-Link Probe 0 :',
      '  ST-LINK SN  : 066DFF515570514867145631', '  Board Name  : STM32WBA65I-DK1',
      '=====  UART Interface  =====', 'ST-LINK SN: 066DFF515570514867145631', 'Port: ttyACM7',
      'Location: /dev/ttyACM7']
    if (isCall('-l')) say(...list)
    else {
      say('Device ID   : 0x4B0', 'Device name : STM32WBA6x')
      if (at('-ob') === 'displ') say('RDP : 0xAA (Level 0)')
      if (at('-ob') !== 'displ' && isCall('-ob')) say('Option Bytes successfully programmed')
      if (isCall('-rst')) say('Software reset is performed')
      if (isCall('-d')) {
        const [file, address] = argv.slice(argv.indexOf('-d') + 1)
        const octets = fs.readFileSync(file)
        ${lie === undefined ? '' : `octets[0] = ${lie}`}
        fs.writeFileSync(memory(address), octets)
        say('File download complete', 'Download verified successfully')
      }
      if (isCall('-u')) {
        const [address, size, file] = argv.slice(argv.indexOf('-u') + 1)
        const found = fs.existsSync(memory(address)) ? fs.readFileSync(memory(address)) : Buffer.alloc(0)
        fs.writeFileSync(file, Buffer.concat([found, Buffer.alloc(Number(size), 0xff)], Number(size)))
      }
    }`
}
