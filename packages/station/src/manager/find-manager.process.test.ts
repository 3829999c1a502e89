import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { StationError } from '../errors.ts'
import type { ManagerOutcome, ManagerRequest } from '../port/manager.ts'
import { FakePrograms } from '../testing/fake-program.ts'
import { findManager } from './find-manager.ts'

const chain = { dac: Uint8Array.of(1, 2), pai: Uint8Array.of(3) }

/** The end of one board, and what was logged meanwhile. */
interface Run {
  readonly outcome: ManagerOutcome | undefined
  readonly error: unknown
  readonly logs: readonly string[]
  readonly requests: readonly Uint8Array[]
}

interface RunOptions {
  readonly limitMs?: number
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal
  readonly certificateFor?: ManagerRequest['certificateFor']
  readonly onLog?: (text: string) => void
}

async function runFile(path: string, options: RunOptions = {}): Promise<Run> {
  const { environment = process.env, limitMs = 20_000 } = options
  const manager = await findManager(path, { limitMs, environment })
  const logs: string[] = []
  const requests: Uint8Array[] = []
  const request: ManagerRequest = {
    port: '/dev/pts/77',
    mode: 1,
    header: '[slot 1]',
    serialNumber: 'SN-7',
    job: 'run-1',
    certificateFor: (csr) => {
      requests.push(csr)
      return options.certificateFor?.(csr) ?? Promise.resolve(chain)
    },
    onLog: (text) => {
      logs.push(text)
      options.onLog?.(text)
    },
  }
  const { signal = new AbortController().signal } = options
  try {
    const outcome = await manager?.provision(request, { signal })
    return { outcome, error: undefined, logs, requests }
  } catch (error) {
    return { outcome: undefined, error, logs, requests }
  }
}

async function run(name: string, text: string, options: RunOptions = {}): Promise<Run> {
  using fake = await FakePrograms.open()
  return await runFile(await fake.script(name, text), options)
}

const shell = (...lines: readonly string[]): string => ['#!/bin/sh', ...lines].join('\n')
const told = (value: object): string => `echo '${JSON.stringify(value)}'`
const success = told({ type: 'result', code: 0, message: 'done' })

const provisioning = (...lines: readonly string[]): string =>
  ['def Provisioning(provision_mode, header, port):', ...lines.map((line) => `    ${line}`)].join(
    '\n',
  )

describe('a manager that is a program', () => {
  it('is told its board and succeeds with a result and exit code 0', async () => {
    const { outcome, logs } = await run(
      'manager',
      shell('echo "{\\"type\\":\\"log\\",\\"text\\":\\"$PORT $MODE $SERIAL $JOB\\"}"', success),
    )
    expect(outcome).toEqual({ ok: true, code: 0, reason: 'ok', message: 'done' })
    expect(logs).toEqual(['/dev/pts/77 1 SN-7 run-1'])
  })

  it('brings the request of the board and gets its certificates', async () => {
    const { outcome, logs, requests } = await run(
      'manager',
      shell(told({ type: 'csr', csr: 'MAA=' }), 'read answer; echo "$answer" >&2', success),
    )
    expect(outcome).toMatchObject({ ok: true })
    expect(requests).toEqual([Uint8Array.of(0x30, 0)])
    expect(logs).toEqual(['{"type":"certificate","dac":"AQI=","pai":"Aw=="}'])
  })

  it('hears why there is no certificate; the error of the issuer is the end', async () => {
    const refusal = new StationError('STATION_PROOF', 'not signed with its key')
    const { error, logs } = await run(
      'manager',
      shell(
        told({ type: 'csr', csr: 'MAA=' }),
        'read answer; echo "$answer" >&2',
        // A success would be a breach of the protocol: the manager is stopped, and its other pipe may not be read yet.
        told({ type: 'result', code: 1, reason: 'refused' }),
      ),
      { certificateFor: () => Promise.reject(refusal) },
    )
    expect(error).toBe(refusal)
    expect(logs).toEqual(['{"type":"refused","message":"not signed with its key"}'])
  })

  it.each<[string, string, readonly string[]]>([
    [
      'reports a code of its own',
      'not-yet',
      [told({ type: 'result', code: 13, reason: 'not-yet' })],
    ],
    ['reports a code without a reason', 'failed', [told({ type: 'result', code: 1 })]],
    ['ends with another exit code', 'crashed', [success, 'exit 3']],
    ['is ended by a signal', 'crashed', ['kill -SEGV $$']],
    ['says nothing', 'no-result', ['exit 0']],
    ['says no JSON', 'protocol', ['echo finished', success]],
    ['says JSON that is no object', 'protocol', ['echo 12', success]],
    ['says an unknown type', 'protocol', [told({ type: 'done' }), success]],
    ['says a result without a code', 'protocol', [told({ type: 'result' })]],
    ['says a code that is none', 'protocol', [told({ type: 'result', code: 70_000 })]],
    ['says two results', 'protocol', [success, success, 'sleep 9']],
    [
      'brings a request that is no base64',
      'protocol',
      [told({ type: 'csr', csr: '#' }), 'sleep 9'],
    ],
    [
      'brings two requests',
      'protocol',
      [told({ type: 'csr', csr: 'MAA=' }), told({ type: 'csr', csr: 'MAA=' }), 'sleep 9'],
    ],
    [
      'reports success with its request',
      'protocol',
      [`said="$(${told({ type: 'csr', csr: 'MAA=' })}; ${success})"; echo "$said"`],
    ],
    ['sends an endless line', 'flood', ['head -c 70000 /dev/zero | tr "\\0" x', 'sleep 9']],
    ['floods its output', 'flood', ['yes >&2']],
    ['floods through a child', 'flood', ['yes >&2 &', 'sleep 9']],
  ])('that %s ends its own board alone', async (_, reason, lines) => {
    const { outcome, error } = await run('manager', shell(...lines))
    expect(error).toBeUndefined()
    expect(outcome).toMatchObject({ ok: false, reason })
    expect(outcome?.code).not.toBe(0)
  })

  it('that hangs is ended at its limit with all that it has started', async () => {
    using fake = await FakePrograms.open()
    const path = await fake.script(
      'manager',
      shell("trap '' TERM", 'sleep 600 &', `echo $! > ${fake.path('child')}`, 'sleep 600'),
    )
    const { outcome } = await runFile(path, { limitMs: 400 })
    expect(outcome).toMatchObject({ ok: false, reason: 'time-out', code: 0xfffe })
    await expectGone(await readFile(fake.path('child'), 'utf8'))
  })

  it('leaves no child behind when it has ended well', async () => {
    using fake = await FakePrograms.open()
    const path = await fake.script(
      'manager',
      shell('sleep 600 > /dev/null 2>&1 &', `echo $! > ${fake.path('child')}`, success),
    )
    const { outcome } = await runFile(path)
    expect(outcome).toMatchObject({ ok: true })
    await expectGone(await readFile(fake.path('child'), 'utf8'))
  })

  it('ends when the operator interrupts', async () => {
    const interrupted = new AbortController()
    const { error } = await run('manager', shell('echo here >&2', 'sleep 600'), {
      signal: interrupted.signal,
      onLog: () => interrupted.abort(),
    })
    expect(error).toMatchObject({ code: 'INTERRUPTED' })
  })

  it('is not begun when the operator has interrupted already', async () => {
    const { error, logs } = await run('manager', shell('echo here >&2'), {
      signal: AbortSignal.abort(),
    })
    expect(error).toMatchObject({ code: 'INTERRUPTED' })
    expect(logs).toEqual([])
  })

  it('gets nothing of the environment that may be a secret, and long secrets are masked', async () => {
    const { logs } = await run(
      'manager',
      shell('env >&2', `echo ${'ab'.repeat(32)} >&2`, success),
      {
        environment: { ...process.env, KEYLINE_TOKEN: 'token-1', PGPASSWORD: 'word-2' },
      },
    )
    const text = logs.join('\n')
    expect(text).toContain('SERIAL=SN-7')
    expect(text).not.toMatch(/token-1|word-2|KEYLINE|abab/)
    expect(text).toContain('[masked]')
  })

  it('gives no command to a terminal and no endless log', async () => {
    const { logs } = await run(
      'manager',
      shell("printf '\\033[2Jclear\\n' >&2", 'seq 3000 >&2', success),
    )
    expect(logs[0]).toBe('\\u001b[2Jclear')
    expect(logs).toHaveLength(1001)
  })
})

describe('a manager that is a JavaScript file', () => {
  it.each<[string, string]>([
    [
      'manager.mjs',
      "export async function Provisioning() { console.log('hello'); return ['fine', 0] }",
    ],
    [
      'manager.js',
      "exports.Provisioning = () => { console.log('hello'); return { message: 'fine', code: 0 } }",
    ],
  ])('%s is called and what it prints is logged', async (name, text) => {
    const { outcome, logs } = await run(name, text)
    expect(outcome).toEqual({ ok: true, code: 0, reason: 'ok', message: 'fine' })
    expect(logs).toEqual(['hello'])
  })

  it('gets mode, header and port, and the certificates of its board', async () => {
    const { outcome, requests } = await run(
      'manager.mjs',
      `export async function Provisioning(mode, header, port, station) {
        const { dac, pai } = await station.certificateFor(Uint8Array.of(0x30, 0))
        setInterval(() => {}, 1000)
        return [[mode, header, port, station.serialNumber, station.job, ...dac, ...pai].join(' '), 0]
      }`,
    )
    expect(outcome).toMatchObject({ ok: true, message: '1 [slot 1] /dev/pts/77 SN-7 run-1 1 2 3' })
    expect(requests).toEqual([Uint8Array.of(0x30, 0)])
  })

  it.each<[string, string, string]>([
    ['throws', 'crashed', "export function Provisioning() { throw new Error('no board') }"],
    ['has no function', 'crashed', 'export const x = 1'],
    ['does not parse', 'crashed', 'export function ('],
    ['gives nothing', 'crashed', 'export function Provisioning() {}'],
    ['gives no code', 'protocol', "export const Provisioning = () => ['x']"],
    ['kills its process', 'crashed', 'export const Provisioning = () => process.kill(process.pid)'],
    ['leaves early', 'no-result', 'export const Provisioning = () => process.exit(0)'],
    ['reports its error', 'no-port', "export const Provisioning = () => ['x', 5, 'no-port']"],
    ['never ends', 'time-out', 'export const Provisioning = () => { for (;;); }'],
  ])('that %s ends its own board alone', async (_, reason, text) => {
    const { outcome } = await run('manager.mjs', text, {
      limitMs: reason === 'time-out' ? 500 : 20_000,
    })
    expect(outcome).toMatchObject({ ok: false, reason })
  })
})

describe('a manager that is a Python file', () => {
  it('is called as the original tool calls it', async () => {
    const { outcome, logs } = await run(
      'manager.py',
      provisioning(
        'import sys',
        "print(header, 'on', port)",
        "print('to the error output', file=sys.stderr)",
        "print('unfinished', end='')",
        "return ('mode %d' % provision_mode, 0)",
      ),
    )
    expect(outcome).toEqual({ ok: true, code: 0, reason: 'ok', message: 'mode 1' })
    expect(logs.toSorted()).toEqual([
      '[slot 1] on /dev/pts/77',
      'to the error output',
      'unfinished',
    ])
  })

  it.each<[string, string, string]>([
    ['reports an error', 'failed', provisioning("return ('no answer', 1)")],
    ['raises', 'crashed', provisioning("raise ValueError('no board')")],
    ['has no function', 'crashed', 'x = 1'],
    ['does not parse', 'crashed', 'def Provisioning('],
    ['gives nothing', 'crashed', provisioning('pass')],
    ['leaves early', 'no-result', provisioning('import os; os._exit(0)')],
    ['never ends', 'time-out', provisioning('while True: pass')],
  ])('that %s ends its own board alone', async (_, reason, text) => {
    const { outcome } = await run('manager.py', text, {
      limitMs: reason === 'time-out' ? 500 : 20_000,
    })
    expect(outcome).toMatchObject({ ok: false, reason })
  })

  it('says what it raised', async () => {
    const { outcome } = await run('manager.py', provisioning("raise ValueError('no board')"))
    expect(outcome?.message).toContain('ValueError: no board')
  })

  it('needs an interpreter', async () => {
    const environment = { ...process.env, KEYLINE_PYTHON: '/nowhere/python3' }
    const { outcome } = await run('manager.py', '', { environment })
    expect(outcome).toMatchObject({ reason: 'not-started', message: /\/nowhere\/python3/ })
  })
})

describe('the manager of a name', () => {
  it('is nothing for the dialogue of the station', async () => {
    expect(await findManager('built-in')).toBeUndefined()
  })

  it('is refused when there is no such file, or when it may not be executed', async () => {
    await expect(findManager('/nowhere/manager.py')).rejects.toMatchObject({
      code: 'STATION_MANAGER_FORM',
    })
    await expect(findManager(import.meta.filename)).rejects.toMatchObject({
      code: 'STATION_MANAGER_FORM',
      remedy: expect.stringContaining('chmod +x'),
    })
  })
})

/** The process ends soon: signals take effect when the system gets to it. */
async function expectGone(pid: string): Promise<void> {
  await expect.poll(() => isAlive(Number(pid))).toBe(false)
}

/** One that has ended may still wait for somebody who asks how. */
async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return !state.includes(') Z ')
}
