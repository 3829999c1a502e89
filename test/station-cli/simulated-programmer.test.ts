import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installTools, openBenchServer, parts, type BenchServer } from '@keyline/board'
import { systemClock } from '@keyline/bytes'
import { root } from '../../scripts/root.ts'
import { keyline } from '../cli/support/keyline.ts'
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

  it('connects, writes, resets and reads back', async () => {
    const { programmer, probe } = openProgrammer('u5')
    expect(await programmer.connect(probe)).toEqual({
      deviceId: 0x482,
      deviceName: parts.u5.deviceName,
      uid: server?.bench.board(2).uid,
      rdp: 0,
    })
    await programmer.download(probe, 0x0800_0000, octets)
    await programmer.reset(probe)
    expect(await programmer.read(probe, 0x0800_0000, octets.length)).toEqual(octets)
  })

  it('reaches an external memory through the only loader of the board', async () => {
    const { programmer, probe } = openProgrammer('wba')
    await programmer.listAll()
    await programmer.download(probe, 0x7000_6000, octets)
    expect(await programmer.read(probe, 0x7000_6000, octets.length)).toEqual(octets)
  })
})

describe('genFactoryData with the tools of the bench', () => {
  it('rewrites the data of a board in another process, whose memory it reaches through a loader', async () => {
    const image = join(root, 'test/vectors/matter/factory-data/full-fff1-8004.bin')
    const words = ['--provisioning', '0', '--binary', image, '--flashAddr', '0x901C0000']
    const journal = join(folder, 'journal')
    const ours = ['-pp', tools.programmer, '--boards', 'SIM000000003', '--journal', journal]
    const { code, out, err } = await keyline('gen-factory-data', ...words, ...ours)
    expect({ code, err }, out).toEqual({ code: 0, err: '' })
    expect(out).toContain('● PASS  evidence complete, 2 of 2')
  })
})

describe('the scripts of the simulated boards', () => {
  it('end well, their one question answered', async () => {
    const scripts = ['regression', 'provisioning'] as const
    const wanted = { platform: 'wba', security: 2, scripts, workingFolder: tools.scripts } as const
    const found = (await findScripts(wanted)) ?? ''
    const runScript = createScriptRunner()
    for (const script of scripts) {
      await runScript({ folder: found, script, probe: openProgrammer('wba').probe })
    }
    expect(server?.bench.board(1).options.rdp).toBe(0)
  })
})
