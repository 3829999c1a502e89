import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { seededRandom, toHex } from '@keyline/bytes'
import {
  chipOf,
  makeTestRoot,
  personalise,
  serveChip,
  SimulatedBus,
  spl05Profile,
} from '@keyline/stsafe-sim'
import { pemEncode } from '@keyline/x509'
import { bundledProgram } from '../support/bundled-program.ts'
import { KeylineProcess, type Ended } from './support/keyline.ts'

const Scenarios = z.object({
  cases: z.array(
    z.object({
      name: z.string(),
      inputs: z.record(z.string(), z.unknown()),
      exchanges: z.array(z.object({ request: z.string() })),
    }),
  ),
})

let folder: string
let scenarios: ReadonlyMap<string, readonly string[]>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ke-'))
  const text = await readFile('test/vectors/stsafe-a120/scenarios.json', 'utf8')
  const { cases } = Scenarios.parse(JSON.parse(text))
  scenarios = new Map(
    cases.map(({ name, exchanges }) => [name, exchanges.map(({ request }) => request)]),
  )
})
afterAll(() => rm(folder, { recursive: true }))

const testRoot = makeTestRoot(seededRandom('a root of this test'))

interface ServedChip extends AsyncDisposable {
  readonly device: string
  /** Commands that the chip has got since the last call. */
  take(): readonly string[]
}

/** A new chip behind a Unix socket, which remembers what it was sent. */
async function servedChip(name: string): Promise<ServedChip> {
  const root = await testRoot
  const state = await personalise(chipOf(spl05Profile), { root, random: seededRandom(name) })
  const bus = new SimulatedBus({ state })
  let sent: string[] = []
  const device = `unix:${join(folder, name)}`
  const served = await serveChip({
    listen: device,
    bus: {
      answer(request) {
        if (request.kind === 'write') sent.push(toHex(request.data))
        return bus.answer(request)
      },
    },
  })
  const take = (): readonly string[] => {
    const taken = sent
    sent = []
    return taken
  }
  return { device, take, [Symbol.asyncDispose]: () => served.close() }
}

async function example(name: string, ...args: readonly string[]): Promise<Ended> {
  const program = await bundledProgram(resolve('examples/stsafe', `${name}.ts`))
  await using running = new KeylineProcess([process.execPath, program, ...args])
  return await running.ended
}

/** As their page says. */
async function exampleByTsx(name: string): Promise<Ended> {
  const tsx = ['--import', import.meta.resolve('tsx')]
  const program = resolve('examples/stsafe', `${name}.ts`)
  await using running = new KeylineProcess([process.execPath, ...tsx, program])
  return await running.ended
}

const initialisation = 3
const hostKeyPreparation = [/^1447/, /^144a/, /^104a07ff/, /^1f07000000/]
const slotPreparation = [/^144b00/, /^104b0003ffff/]

/** Envelopes and the host's ephemeral keys are fresh in each run: of these, command and length are compared. */
function comparable(requests: readonly string[]): readonly string[] {
  return requests.map((request) =>
    /^1f0[39]/.test(request)
      ? `${request.slice(0, 4)} and ${request.length / 2 - 2} octets`
      : request,
  )
}

function recorded(name: string): readonly string[] {
  return comparable(scenarios.get(name) ?? [])
}

describe('the examples', () => {
  it('provision host keys with the commands of the recording, at first and again', async () => {
    await using chip = await servedChip('a')
    const first = await example('host-keys', chip.device)
    expect(first).toMatchObject({ code: 0, err: '' })
    expect(first.out).toContain('00 11 22 33 44 55 66 77 88 99 AA BB CC DD EE FF')
    expect(first.out).toMatch(/change right +YES\n +re-provision +NO\n +plaintext +YES/)
    expect(first.out).toContain('Open host key slot to re-provisioning (permanent)')
    expect(first.out).toMatch(/Host key provisioning: PASS\n$/)
    expect(chip.take()).toEqual(recorded('host-key-provisioning'))

    const again = await example('host-keys', chip.device)
    expect(again.out).toContain('control fields are set already')
    expect(again.out).toMatch(/Host key provisioning: PASS\n$/)
    expect(chip.take()).toEqual(recorded('host-key-provisioning-again'))
  })

  it.each([
    ['wrapped-cmac', 'cmac128', ['BE 4C A3 F2', 'MAC verified by the']],
    [
      'wrapped-ccm',
      'ccm256',
      [
        '69 66 30 BB 08 0F E4 1D 61 04 89 D3 DA 23 21 66',
        '0E DB C6 27',
        'Tag verified by the chip: PASS',
      ],
    ],
  ])(
    'run %s in both orders, with the values and commands of the recordings',
    async (name, scenario, texts) => {
      await using chip = await servedChip(scenario)
      const first = await example(name, chip.device)
      expect(first).toMatchObject({ code: 0, err: '' })
      for (const text of [...texts, 'PASS', 'Preparation: open slot 0']) {
        expect(first.out).toContain(text)
      }
      const sent = chip.take()
      const start = recorded(`wrapped-${scenario}-all-free`)
      const preparation = [...hostKeyPreparation, ...slotPreparation]
      const prepared = initialisation + preparation.length
      expect(comparable([...sent.slice(0, initialisation), ...sent.slice(prepared)])).toEqual(start)
      for (const [index, command] of preparation.entries()) {
        expect(sent[initialisation + index]).toMatch(command)
      }

      const second = await example(name, chip.device, '--session-first')
      expect(second).toMatchObject({ code: 0, err: '' })
      for (const text of [...texts, 'Preparation: the chip has host keys', 'takes wrapped keys']) {
        expect(second.out).toContain(text)
      }
      const again = chip.take()
      expect(again.slice(initialisation, initialisation + 2).join(' ')).toMatch(
        /^1447\w+ 144b00\w+$/,
      )
      expect(
        comparable([...again.slice(0, initialisation), ...again.slice(initialisation + 2)]),
      ).toEqual(recorded(`documented-order-${scenario}-all-free`))
    },
  )

  it('authenticate a chip by its own root, and no chip by another', async () => {
    await using chip = await servedChip('d')
    const root = join(folder, 'root.pem')
    await writeFile(root, pemEncode('CERTIFICATE', (await testRoot).certificate))
    const { code, out, err } = await example('authenticate', chip.device, `--root=${root}`)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/eval5-0209[0-9A-F]{14}0139, \d+ octets in zone 0/)
    expect(out).toMatch(/Device authentication: Successful\n$/)
    const other = await example('authenticate', chip.device)
    expect(other.code).toBe(1)
    expect(other.out).toMatch(/STM STSAFE-A PROD CA 01[^]*Failed \(STSAFE_CERTIFICATE_ISSUER: /)
  })

  it.each(['host-keys', 'wrapped-cmac', 'wrapped-ccm', 'authenticate'])(
    'run %s on a chip of their own when none is named',
    async (name) => {
      const { code, out, err } = await exampleByTsx(name)
      expect({ code, err }).toEqual({ code: 0, err: '' })
      expect(out).toContain('(in software)')
    },
  )
})
