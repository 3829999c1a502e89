import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openBench, parts } from '@keyline/board'
import { toHex } from '@keyline/bytes'
import { clockOf } from '@keyline/cli/wiring'
import { attestationOf } from '@keyline/ledger/attestation'
import { describe, expect, it } from 'vitest'
import { HandClock } from '../../packages/server/src/testing/hand-clock.ts'
import { MemoryRecord } from '../../packages/server/src/verifier/testing/memory-record.ts'
import { keyline } from '../cli/support/keyline.ts'
import { examples, openTestStation, temporaryFolder } from '../support/line.ts'
import {
  appraisalOf,
  drawNonce,
  startVerifierService,
  verify,
  type VerifierService,
} from '../support/verifier-service.ts'
import { unitsIn } from './support/outcome.ts'
import { tokenOf } from './support/token-of.ts'

/** Makes the boards of an example order with the command, as its page says. */
async function provisioned(
  folder: string,
  order: string,
  slots: number,
  ...more: readonly string[]
): ReturnType<typeof keyline> {
  const path = (name: string): string => join(folder, name)
  const secret = ['--passphrase-file', path('passphrase')]
  if (!existsSync(path('home'))) {
    mkdirSync(path('home'))
    writeFileSync(path('passphrase'), 'a phrase for tests', { mode: 0o600 })
    const pki = ['--vid', '0xFFF1', '--out', path('home/pki')]
    expect(await keyline('pki', 'init', ...pki, ...secret)).toMatchObject({ code: 0 })
  }
  const places = ['--home', path('home'), '--results', path('results')]
  const boards = ['--fast', '--slots', String(slots)]
  const file = join(examples, order)
  return keyline('provision', file, ...boards, ...places, ...secret, ...more)
}

/** The boards as they stand on the bench of the station, after its process is gone. */
function boardsOf(folder: string, platform: keyof typeof parts, slots: number) {
  const clock = clockOf(true)
  const benchFolder = join(folder, 'home', 'bench')
  return { bench: openBench({ slots, clock, part: parts[platform], folder: benchFolder }), clock }
}

/** What a verifier over HTTP says to a board that it challenges. */
async function challenge(
  service: Pick<VerifierService, 'call'>,
  boards: ReturnType<typeof boardsOf>,
  slot: number,
): Promise<unknown> {
  const nonce = await drawNonce(service)
  const { token } = await tokenOf(boards, nonce, slot)
  const { status, text } = await verify(service, nonce, token)
  expect(status).toBe(200)
  return appraisalOf(text)
}

describe('keyline provision with the example order for attestation', () => {
  it('makes boards that a verifier service of the same ledger finds genuine', async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    expect(await provisioned(path, 'attested-order.json', 2)).toMatchObject({ code: 0 })
    const station = await openTestStation(path)
    try {
      await using record = await attestationOf(station.ledger)
      await using service = await startVerifierService({ record, clock: new HandClock(Date.now()) })
      const boards = boardsOf(path, 'wba', 2)
      using _bench = boards.bench
      for (const slot of [1, 2]) {
        expect(await challenge(service, boards, slot)).toMatchObject({ 'ear.status': 'affirming' })
      }
      const [first] = await station.ledger.unitsOf('example-attested-0001')
      const slotOfFirst = slotOf(boards, first?.unit.boardUid)
      await station.ledger.aftercare.scrap({ unitId: first?.unit.id ?? '', reason: 'defective' })
      await record.ping()
      expect(await challenge(service, boards, slotOfFirst)).toMatchObject({
        'ear.status': 'contraindicated',
        'ear.veraison.policy-claims': { code: 'E_KEY_REVOKED' },
      })
      expect(await challenge(service, boards, 3 - slotOfFirst)).toMatchObject({
        'ear.status': 'affirming',
      })
    } finally {
      await station.close()
    }
    expect(await unitsIn(path, { order: 'example-attested-0001' })).toHaveLength(2)
  })
})

describe('keyline provision with the example order for boards without Matter', () => {
  it('makes boards whose wrapped device keys the service finds genuine', async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    expect(await provisioned(path, 'device-order.json', 2)).toMatchObject({ code: 0 })
    const station = await openTestStation(path)
    try {
      await using record = await attestationOf(station.ledger)
      await using service = await startVerifierService({ record, clock: new HandClock(Date.now()) })
      const boards = boardsOf(path, 'u3', 2)
      using _bench = boards.bench
      expect(boards.bench.board(1).options.rdp).toBe(1)
      for (const slot of [1, 2]) {
        expect(await challenge(service, boards, slot)).toMatchObject({ 'ear.status': 'affirming' })
      }
    } finally {
      await station.close()
    }
  })

  it('refuses an option of what such boards do not get', async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    const ended = await provisioned(path, 'device-order.json', 1, '--labels', join(path, 'labels'))
    expect(ended).toMatchObject({ code: 2, err: expect.stringContaining('--labels') })
  })
})

describe('keyline provision with a verifier elsewhere', () => {
  it('tells it of the boards, and once more in the next run where it was away', async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    const gone = await provisioned(path, 'device-order.json', 2, '--verifier', 'http://127.0.0.1:9')
    expect(gone.code).toBe(3)
    expect(gone.out).toContain('The next run submits it again')
    const clock = new HandClock(Date.now())
    await using service = await startVerifierService({ record: new MemoryRecord(), clock })
    const address = `http://127.0.0.1:${service.verifier.port}`
    const ended = await provisioned(path, 'device-order.json', 2, '--verifier', address)
    expect(ended, ended.out).toMatchObject({ code: 0 })
    const boards = boardsOf(path, 'u3', 2)
    using _bench = boards.bench
    expect(await challenge(service, boards, 2)).toMatchObject({ 'ear.status': 'affirming' })
  })
})

function slotOf({ bench }: ReturnType<typeof boardsOf>, uid: string | undefined): number {
  return [1, 2].find((slot) => toHex(bench.board(slot).uid) === uid) ?? 0
}
