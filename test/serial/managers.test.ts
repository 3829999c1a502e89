import { join, resolve } from 'node:path'
import {
  createSerialPorts,
  findManager,
  type ManagerOutcome,
  type ManagerRequest,
  type ProvisioningManager,
} from '@keyline/station'
import { describe, expect, it } from 'vitest'
import { certify } from '../../packages/board/src/testing/scripted-host.ts'
import { bundledProgram } from '../support/bundled-program.ts'
import { temporaryFolder } from '../support/line.ts'
import { serveTty } from './support/serial-server.ts'
import { complete, exchangeOver, openTtyBoard, type TtyBoard } from './support/tty-board.ts'
import { writeProgram } from './support/write-program.ts'

const support = resolve(import.meta.dirname, 'support')
const examples = resolve(import.meta.dirname, '../../examples/managers')
const bash = '#!/usr/bin/env bash\n'

async function managerOf(path: string, limitMs = 60_000): Promise<ProvisioningManager> {
  const environment = { ...process.env, PYTHONPATH: support }
  const manager = await findManager(path, { limitMs, environment })
  if (manager === undefined) throw new TypeError(`${path} is no manager`)
  return manager
}

interface Driven extends ManagerOutcome {
  readonly logs: readonly string[]
}

async function drive(
  manager: ProvisioningManager,
  board: Pick<TtyBoard, 'path'>,
  certificateFor: ManagerRequest['certificateFor'] = refuse,
): Promise<Driven> {
  const logs: string[] = []
  const outcome = await manager.provision(
    {
      port: board.path,
      mode: 0,
      header: '[slot 1]',
      serialNumber: 'SN-1',
      job: 'run-1',
      certificateFor,
      onLog: (text) => logs.push(text),
    },
    { signal: new AbortController().signal },
  )
  return { ...outcome, logs }
}

function refuse(): Promise<never> {
  return Promise.reject(new TypeError('an L1 board asks for none'))
}

const l1 = { firmware: 'provisioning-L1' } as const

describe('a provisioning manager', () => {
  it('that is built in drives a board of profile X1', async () => {
    expect(await findManager('built-in')).toBeUndefined()
    using board = await openTtyBoard()
    const { calls, error } = await exchangeOver(createSerialPorts(), board.path)
    expect({ calls, error }).toEqual({ calls: complete, error: undefined })
  })

  it("in the form of ST's tool drives a board of profile L1, each time anew", async () => {
    const manager = await managerOf(join(support, 'st_provisioning.py'))
    for (const seed of ['first', 'second']) {
      using board = await openTtyBoard({ ...l1, seed })
      expect(await drive(manager, board)).toEqual({
        ok: true,
        code: 0,
        reason: 'ok',
        message: 'OK',
        logs: ['[slot 1] mode test, run 1', '[slot 1] OK'],
      })
    }
  })

  it.each([
    ['provisioning.py', { message: 'done', logs: ['[slot 1] the board reported 000'] }],
    ['provisioning.mjs', { message: 'finish:000', logs: ['[slot 1] SN-1 reported 000'] }],
    ['provisioning-program', { message: 'SN-1', logs: ['the board has started'] }],
  ])('like the example %s drives a board of profile L1', async (file, told) => {
    using board = await openTtyBoard(l1)
    const manager = await managerOf(join(examples, file))
    expect(await drive(manager, board)).toEqual({ ok: true, code: 0, reason: 'ok', ...told })
  })

  it.each([
    ['provisioning.py', { code: 1, reason: 'failed', message: 'code 004' }],
    ['provisioning.mjs', { code: 4, reason: 'board-reported' }],
    ['provisioning-program', { code: 4, reason: 'failed' }],
  ])('like the example %s tells the code of a board that failed', async (file, told) => {
    using board = await openTtyBoard({ ...l1, fault: { name: 'finish-code', at: 4 } })
    expect(await drive(await managerOf(join(examples, file)), board)).toMatchObject({
      ok: false,
      ...told,
    })
  })
})

describe('a manager for a board of profile X1', () => {
  it('brings the request of the board to the station, and its certificates to the board', async () => {
    using board = await openTtyBoard()
    await using server = await serveTty(board.path)
    const manager = await managerOf(await bundledProgram(join(support, 'x1-manager.ts')))
    const requests: Uint8Array[] = []
    const path = `tcp://127.0.0.1:${server.port}`
    const driven = await drive(manager, { path }, (csr) => {
      requests.push(csr)
      return certify(csr)
    })
    expect(driven).toMatchObject({ ok: true, message: 'X1', logs: [`[slot 1] ${board.uid}`] })
    expect(requests).toHaveLength(1)
  })
})

describe('a manager that goes wrong', () => {
  it('ends its own board alone: the one beside it is driven to its end', async () => {
    await using folder = await temporaryFolder()
    const good = await managerOf(join(examples, 'provisioning-program'))
    const bad: readonly (readonly [string, string, string])[] = [
      ['crash', 'crashed', `${bash}printf Init > "$PORT"; kill -SEGV $$`],
      ['hang', 'time-out', `${bash}trap '' TERM; exec 3<>"$PORT"; cat <&3 > /dev/null; sleep 600`],
      ['flood', 'flood', `${bash}yes "$PORT" >&2`],
      ['fork', 'time-out', `${bash}for i in {1..20}; do sleep 600 & done; wait`],
      ['python.py', 'crashed', 'def Provisioning(mode, header, port):\n    raise OSError(port)\n'],
      ['script.mjs', 'crashed', 'export const Provisioning = () => process.kill(process.pid, 9)'],
    ]
    const ends = await Promise.all(
      bad.map(async ([name, reason, text]) => {
        using board = await openTtyBoard({ ...l1, seed: name })
        using neighbour = await openTtyBoard({ ...l1, seed: `beside ${name}` })
        const path = await writeProgram(join(folder.path, name), text)
        const [own, beside] = await Promise.all([
          drive(await managerOf(path, reason === 'time-out' ? 1500 : 60_000), board),
          drive(good, neighbour),
        ])
        return { name, reason, own, beside }
      }),
    )
    for (const { name, reason, own, beside } of ends) {
      expect(beside).toMatchObject({ ok: true })
      expect({ name, ...own }).toMatchObject({ name, ok: false, reason })
    }
  })
})
