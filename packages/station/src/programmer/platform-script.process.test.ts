import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BytesError } from '@keyline/bytes'
import { takeLock } from '../line/lock.ts'
import { FakePrograms, probeSerial } from '../testing/fake-program.ts'
import { createPlatformScripts, createScriptRunner, findScripts } from './platform-script.ts'

/** A script of these lines, run as `provisioning`; its word and its probe are in the file `told`. */
async function run(
  ...lines: readonly string[]
): Promise<{ readonly error: unknown; readonly told: string }> {
  using fake = await FakePrograms.open()
  await fake.script(
    'provisioning.sh',
    ['#!/bin/bash', 'echo "$1 $STLINK_SN" > told', ...lines].join('\n'),
  )
  const error: unknown = await createScriptRunner()({
    folder: fake.folder,
    script: 'provisioning',
    probe: probeSerial,
    timeoutMs: 1_500,
    questionMs: 100,
  }).catch((cause: unknown) => cause)
  return { error, told: await readFile(fake.path('told'), 'utf8') }
}

/** As ST's scripts ask: without a terminal the choices behind the heading are not shown. */
const askRdp = ['echo "   * Define RDP level"', 'read -p "     [ 0 | 1 | 2 ]: " level']

describe('a script of the platform', () => {
  it('runs in its folder without prompts and for its probe', async () => {
    expect(await run('exit 0')).toEqual({ error: undefined, told: `AUTO ${probeSerial}\n` })
  })

  it('is answered 0 when it asks for the read-out protection', async () => {
    const shown = ['echo "   * Define RDP level"', 'printf "     [ 0 | 1 | 2 ]: "', 'read level']
    const open = ['printf "Define the final RDP level (0, 1 or 2): "', 'read level', 'echo']
    for (const question of [askRdp, shown, open]) {
      const { error, told } = await run(...question, 'echo "level $level" > told')
      expect({ error, told }).toEqual({ error: undefined, told: 'level 0\n' })
    }
  })

  it('may say that a key is to be pressed, when it does not wait for it', async () => {
    const { error } = await run('echo "Press any key to continue..."', 'echo "Setting RDP level 0"')
    expect(error).toBeUndefined()
  })

  it.each<[string, readonly string[], string]>([
    ['fails', ['echo "Error"', 'exit 1'], 'provisioning ended with 1'],
    [
      'asks something else',
      ['printf "Erase it? "', 'read answer'],
      'waits for an answer to "Erase it?"',
    ],
    [
      'asks for the protection again',
      [...askRdp, ...askRdp],
      'asked for the read-out protection again',
    ],
    ['waits in silence', ['read answer'], 'took longer than 1500 ms'],
    ['leaves a child that never ends', ['sleep 60'], 'took longer than 1500 ms'],
  ])('that %s is ended', async (_, lines, message) => {
    const { error } = await run(...lines)
    expect(error).toMatchObject({
      code: 'STATION_SCRIPT',
      message: expect.stringContaining(message),
    })
  })

  it('waits for the one before it, whose failure is not its own', async () => {
    using fake = await FakePrograms.open()
    await fake.script('regression.sh', 'mkdir busy || exit 9; sleep 0.1; rmdir busy; exit 1')
    await fake.script('provisioning.sh', 'mkdir busy || exit 9; rmdir busy')
    const runScript = createScriptRunner()
    const common = { folder: fake.folder, probe: probeSerial }
    const first = runScript({ ...common, script: 'regression' })
    const second = runScript({ ...common, script: 'provisioning' })
    await expect(first).rejects.toThrow('regression ended with 1')
    await expect(second).resolves.toBeUndefined()
  })
})

describe('the folder of the scripts', () => {
  const wanted = { platform: 'wba', security: 2, scripts: ['regression', 'provisioning'] } as const

  it('is the one that is named, when every script is in it', async () => {
    using fake = await FakePrograms.open()
    const question = { ...wanted, given: fake.folder, workingFolder: '/' }
    await fake.script('regression.sh', '')
    expect(await findScripts(question)).toBeUndefined()
    await fake.script('provisioning.sh', '')
    expect(await findScripts(question)).toBe(fake.folder)
  })

  it('is found upward from the working directory, by platform and security', async () => {
    using fake = await FakePrograms.open()
    const folder = 'Projects/STM32WBA65I-DK1/ROT_Provisioning_STM_Prov_TFM/OEMiROT'
    await mkdir(fake.path(folder), { recursive: true })
    const deep = fake.path('Utilities/DataFactory')
    for (const script of wanted.scripts) await fake.script(join(folder, `${script}.sh`), '')
    expect(await findScripts({ ...wanted, workingFolder: deep })).toBe(fake.path(folder))
    expect(await findScripts({ ...wanted, security: 1, workingFolder: deep })).toBeUndefined()
  })
})

describe('scripts of several stations', () => {
  it('take turns through a lock that they share, each to its end', async () => {
    using fake = await FakePrograms.open()
    await fake.script(
      'regression.sh',
      '#!/bin/bash\necho "begin" >> told\nsleep 0.2\necho "end" >> told\n',
    )
    const lockFolder = fake.path('locks')
    const stations = ['A1', 'B2', 'C3'].map((probe) => ({
      probe,
      scripts: createPlatformScripts({ folder: fake.folder, lockFolder }),
    }))
    await Promise.all(stations.map(({ scripts, probe }) => scripts.run(probe, 'regression')))
    const told = (await readFile(fake.path('told'), 'utf8')).trim().split('\n')
    expect(told).toEqual(['begin', 'end', 'begin', 'end', 'begin', 'end'])
  })

  it('wait for a station of another process only until they are interrupted', async () => {
    using fake = await FakePrograms.open()
    await fake.script('regression.sh', '#!/bin/bash\ntouch told\n')
    const lockFolder = fake.path('locks')
    const lock = await takeLock(lockFolder, 'platform-scripts')
    const stop = new AbortController()
    const waiting = createPlatformScripts({ folder: fake.folder, lockFolder }).run(
      'A1',
      'regression',
      { signal: stop.signal },
    )
    stop.abort(new BytesError('INTERRUPTED', 'interrupted by the test'))
    await expect(waiting).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await lock.release()
    await expect(readFile(fake.path('told'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
