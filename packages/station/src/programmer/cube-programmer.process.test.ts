import { setTimeout as wait } from 'node:timers/promises'
import { readFile, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { scaled } from '../../../../test/support/scale.ts'
import { FakePrograms, probeSerial, saying } from '../testing/fake-program.ts'
import { createCubeProgrammer, type CubeProgrammerOptions } from './cube-programmer.ts'

const image = Uint8Array.from([1, 2, 3, 4])
const downloaded = ['File download complete', 'Download verified successfully ']

/** A programmer with this body, and what its download of the image comes to. */
async function download(
  body: string,
  options: Partial<CubeProgrammerOptions> = {},
): Promise<{ readonly error: unknown; readonly calls: readonly (readonly string[])[] }> {
  using fake = await FakePrograms.open()
  const program = await fake.programmer(body)
  const programmer = createCubeProgrammer({ program, ...options })
  const error: unknown = await programmer
    .download(probeSerial, 0x081e_c000, image)
    .catch((cause: unknown) => cause)
  return { error, calls: await fake.calls() }
}

describe('a call of the programmer', () => {
  it('has one word for each argument, and verifies', async () => {
    const { error, calls } = await download(saying(...downloaded))
    expect(error).toBeUndefined()
    const file = calls[0]?.[5] ?? ''
    expect(calls).toEqual([
      ['-c', 'port=SWD', `sn=${probeSerial}`, 'mode=UR', '-d', file, '0x081EC000', '-v', '-q'],
    ])
    await expect(readFile(file)).rejects.toThrow('ENOENT')
  })

  it('takes a loader for external addresses alone', async () => {
    const options = {
      isExternal: (address: number) => address >= 0x9000_0000,
      externalLoader: '/l.stldr',
    }
    const inside = await download(saying(...downloaded), options)
    expect(inside.calls[0]).not.toContain('-el')
    using fake = await FakePrograms.open()
    const program = await fake.programmer(saying(...downloaded))
    await createCubeProgrammer({ program, ...options }).download(probeSerial, 0x901c_0000, image)
    expect((await fake.calls())[0]?.slice(4, 6)).toEqual(['-el', '/l.stldr'])
  })

  it('has an image that only its user can read, while it lasts', async () => {
    const { error } = await download(
      `const { mode } = fs.statSync(argv[5])
       if ((mode & 0o077) !== 0 || fs.readFileSync(argv[5]).toString('hex') !== '01020304') say('Error: image')
       ${saying(...downloaded)}`,
    )
    expect(error).toBeUndefined()
  })

  it.each<[string, string, object]>([
    [
      'exit code 1 and an error',
      `${saying('Error: Unable to get core ID')}; process.exit(1)`,
      { code: 'STATION_PROGRAMMER', fault: 'infrastructure', details: { class: 'no-target' } },
    ],
    [
      'an error in spite of exit code 0',
      saying('Error: failed to erase memory', ...downloaded),
      { code: 'STATION_PROGRAMMER', details: { class: 'erase' } },
    ],
    [
      'a mismatch, which blames the board',
      saying('File download complete', 'Error: Data mismatch found at address 0x081EC010'),
      { code: 'STATION_VERIFY', fault: 'board', details: { class: 'verify' } },
    ],
    [
      'an end before the verification',
      saying('File download complete'),
      { code: 'STATION_PROGRAMMER', details: { class: 'incomplete' } },
    ],
    [
      'an end by a signal in mid-write, whatever it has said',
      `${saying(...downloaded)}; process.kill(process.pid, 'SIGKILL')`,
      { code: 'STATION_PROGRAMMER', details: { class: 'incomplete' } },
    ],
    ['a translated output', saying('Téléchargement terminé'), { details: { class: 'incomplete' } }],
  ])('fails with %s', async (_, body, error) => {
    expect((await download(body)).error).toMatchObject(error)
  })

  it('succeeds by its words where the exit code is misleading', async () => {
    const { error } = await download(`${saying(...downloaded)}; process.exit(1)`)
    expect(error).toBeUndefined()
  })

  it('keeps its last words, without anything as long as a key', async () => {
    const { error } = await download(saying(`key ${'ab'.repeat(32)}`, 'Error: no'))
    expect(error).toMatchObject({
      details: { output: expect.stringContaining('key [masked]\nError: no') },
    })
  })

  it('cannot be started where there is no program', async () => {
    const programmer = createCubeProgrammer({ program: '/nowhere/STM32_Programmer_CLI' })
    await expect(programmer.list()).rejects.toMatchObject({ code: 'STATION_PROGRAMMER_MISSING' })
  })

  it('ends with all that it has started when it hangs', async () => {
    using fake = await FakePrograms.open()
    const pidFile = fake.path('pid')
    const program = await fake.programmer(
      `const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })
       fs.writeFileSync(${JSON.stringify(pidFile)}, String(child.pid))
       setInterval(() => {}, 1000)`,
    )
    const programmer = createCubeProgrammer({ program, limitsMs: { download: 600 } })
    await expect(programmer.download(probeSerial, 0x0800_0000, image)).rejects.toMatchObject({
      details: { class: 'timeout' },
    })
    const pid = Number(await readFile(pidFile, 'utf8'))
    await expect(isGone(pid)).resolves.toBe(true)
  })

  it('ends when the run is interrupted', async () => {
    using fake = await FakePrograms.open()
    const program = await fake.programmer('setInterval(() => {}, 1000)')
    const interrupt = new AbortController()
    const call = createCubeProgrammer({ program }).reset(probeSerial, { signal: interrupt.signal })
    interrupt.abort()
    await expect(call).rejects.toMatchObject({ code: 'INTERRUPTED' })
  })

  it('is bounded in memory when it floods, and then judged by nothing', async () => {
    const parts = scaled(200, 1_000)
    const { error } = await download(
      `${saying(...downloaded)}
       const part = 'x'.repeat(100_000)
       for (let count = 0; count < ${parts}; count++) fs.writeSync(1, part)`,
    )
    expect(error).toMatchObject({ details: { class: 'incomplete' } })
  })
})

describe('what a programmer says of a board', () => {
  it('is read from the board, not from what was written', async () => {
    using fake = await FakePrograms.open()
    const program = await fake.programmer(
      `${saying(...downloaded)}
       if (isCall('-u')) fs.writeFileSync(argv[argv.indexOf('-u') + 3], Buffer.from([9, 9, 9, 9]))`,
    )
    const programmer = createCubeProgrammer({ program })
    await programmer.download(probeSerial, 0x081e_c000, image)
    expect(await programmer.read(probeSerial, 0x081e_c000, 4)).toEqual(Uint8Array.of(9, 9, 9, 9))
    await expect(programmer.read(probeSerial, 0x081e_c000, 5)).rejects.toMatchObject({
      details: { class: 'incomplete' },
    })
  })

  it('is its kind, its unique id and its protection', async () => {
    using fake = await FakePrograms.open()
    const program = await fake.programmer(
      `${saying('  RDP          : 0xAA (Level 0, no protection)')}
       if (isCall('-u')) fs.writeFileSync(argv[argv.indexOf('-u') + 3], Buffer.alloc(12, 7))`,
    )
    expect(
      await createCubeProgrammer({ program }).connect(probeSerial, { underReset: true }),
    ).toEqual({
      deviceId: 0x4b0,
      deviceName: 'STM32WBA6x',
      uid: new Uint8Array(12).fill(7),
      rdp: 0,
    })
    const [first, second] = await fake.calls()
    expect(first).toContain('mode=HWRSTPULSE')
    expect(second?.slice(4, 7)).toEqual(['-u', '0x0BF90700', '0xc'])
  })

  it.each([
    ['0xBB', 1],
    ['0x55', 1],
    ['0xCC', 2],
  ])('is its protection behind RDP %s, even where that keeps the unique id', async (value, rdp) => {
    using fake = await FakePrograms.open()
    const program = await fake.programmer(saying(`RDP : ${value}`))
    const target = await createCubeProgrammer({ program }).connect(probeSerial)
    expect(target).toMatchObject({ rdp, uid: new Uint8Array(12) })
  })

  it('lists each probe with its port, and none of those that share a serial number', async () => {
    using fake = await FakePrograms.open()
    const list = [
      'STM32CubeProgrammer v2.20.0',
      '===== STLink Interface =====',
      ...['A1', 'B2', 'B2'].flatMap((serial, index) => [
        `ST-Link Probe ${index} :`,
        `  ST-LINK SN : ${serial}`,
        '  Board Name : STM32WBA65I-DK1',
      ]),
      '=====  UART Interface  =====',
      'ST-LINK SN: A1',
      'Port: ttyACM3',
      'Location: /dev/ttyACM3',
    ].join('\r\n')
    await writeFile(fake.path('list.txt'), list)
    const program = await fake.programmer(
      `say(fs.readFileSync(${JSON.stringify(fake.path('list.txt'))}, 'utf8'))`,
    )
    const notices: string[] = []
    const onNotice = (text: string): void => void notices.push(text)
    expect(await createCubeProgrammer({ program, onNotice }).list()).toEqual([
      { serialNumber: 'A1', boardName: 'STM32WBA65I-DK1', port: '/dev/ttyACM3' },
    ])
    expect(notices).toEqual(['several probes have the serial number B2; none of them is used'])
  })

  it('comes from a known version in production', async () => {
    using fake = await FakePrograms.open()
    const program = await fake.programmer("say('STM32CubeProgrammer v3.0.0')")
    await expect(createCubeProgrammer({ program }).list()).resolves.toEqual([])
    const careful = createCubeProgrammer({ program, isProduction: true })
    await expect(careful.list()).rejects.toMatchObject({ code: 'STATION_PROGRAMMER_VERSION' })
  })
})

describe('the coprocessor', () => {
  it('is upgraded behind the option bytes that start its service', async () => {
    using fake = await FakePrograms.open()
    const program = await fake.programmer(
      saying('Option Bytes successfully programmed', 'Download verified successfully'),
    )
    await createCubeProgrammer({ program }).upgradeCoprocessor(probeSerial, 0x0809_4000, 'co.bin')
    expect((await fake.calls())[0]?.slice(4)).toEqual([
      '-ob',
      'nSWboot0=0',
      'nboot1=1',
      'nboot0=1',
      '-startfus',
      '-fwupgrade',
      'co.bin',
      '0x08094000',
      '-v',
      '-q',
    ])
  })
})

/** Whether a process has ended, at the latest after five seconds. */
async function isGone(pid: number): Promise<boolean> {
  for (const deadline = Date.now() + 5_000; Date.now() < deadline; await wait(20)) {
    try {
      process.kill(pid, 0)
    } catch {
      return true
    }
  }
  return false
}
