import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installTools, openBenchServer, parts, type BenchServer } from '@keyline/board'
import { systemClock } from '@keyline/bytes'
import {
  createCubeProgrammer,
  createScriptRunner,
  findScripts,
  isExternal,
  type CubeProgrammer,
} from '@keyline/station'

const platforms = ['wba', 'u5', 'wb55'] as const
type Platform = (typeof platforms)[number]

const octets = Uint8Array.from({ length: 5_000 }, (_, index) => index % 251)

let folder = ''
let tools = { programmer: '', scripts: '' }
let server: BenchServer | undefined

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-tools-'))
  const boards = join(folder, 'boards')
  server = await openBenchServer({
    folder: boards,
    slots: 3,
    part: platforms.map((platform) => parts[platform]),
    clock: systemClock,
    timing: 'none',
    seed: 'tools',
    ttys: false,
  })
  tools = installTools(join(folder, 'tools'), boards)
})

afterAll(async () => {
  await server?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The programmer of a platform as a station opens it, and the probe of its board. */
function openProgrammer(platform: Platform): {
  readonly programmer: CubeProgrammer
  readonly probe: string
} {
  const programmer = createCubeProgrammer({
    program: tools.programmer,
    isExternal: (address) => isExternal(platform, address),
    ...(platform === 'wb55' ? { externalLoader: 'S25FL128S_STM32WB5MM-DK' } : {}),
  })
  return { programmer, probe: `SIM00000000${platforms.indexOf(platform) + 1}` }
}

describe('the programmer of the simulated boards', () => {
  it('lists each board as the station expects it', async () => {
    const { programmer } = openProgrammer('wba')
    const list = await programmer.listAll()
    expect(list.version).toBe('2.20.0')
    expect(list.probes.map(({ board }) => board)).toEqual(
      platforms.map((platform) => parts[platform].boardName),
    )
    expect(list.ports.every(({ probe }) => probe)).toBe(true)
  })

  it('writes, resets and reads back', async () => {
    const { programmer, probe } = openProgrammer('u5')
    await programmer.download(probe, 0x0800_0000, octets)
    await programmer.reset(probe)
    expect(await programmer.read(probe, 0x0800_0000, octets.length)).toEqual(octets)
  })

  it.each([
    ['wba', 0x7000_6000],
    ['wb55', 0x901c_0000],
  ] as const)('reaches the external memory through a loader: %s', async (platform, address) => {
    const { programmer, probe } = openProgrammer(platform)
    await programmer.listAll()
    await programmer.download(probe, address, octets)
    expect(await programmer.read(probe, address, octets.length)).toEqual(octets)
  })
})

describe('the scripts of the simulated boards', () => {
  it.each([
    ['wba', 2, ['regression', 'provisioning']],
    ['u5', 1, ['regression', 'SBSFU_UPDATE']],
  ] as const)(
    'end well, their one question answered: %s security %i',
    async (platform, security, scripts) => {
      const found = await findScripts({ platform, security, scripts, workingFolder: tools.scripts })
      const runScript = createScriptRunner()
      for (const script of scripts) {
        await runScript({ folder: found ?? '', script, probe: openProgrammer(platform).probe })
      }
      const { options } = server?.bench.board(platforms.indexOf(platform) + 1) ?? {}
      expect(options?.rdp).toBe(0)
    },
  )
})
