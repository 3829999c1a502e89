import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@keyline/bytes'
import { p256PublicKey, verifyP256 } from '@keyline/crypto'
import { decodeImage } from '@keyline/matter'
import { SerialPort } from 'serialport'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Part } from '../part/part.ts'
import { parts } from '../part/part-table.ts'
import type { SlotFault } from '../fault/fault-plan.ts'
import { firmware } from '../testing/flows.ts'
import {
  exchange,
  proofMessage,
  provisioningImage,
  ScriptedHost,
} from '../testing/scripted-host.ts'
import type { HostPort } from '../uart/serial-line.ts'
import { OctetQueue } from '../uart/octet-queue.ts'
import { openBenchServer, type BenchServer } from './bench-server.ts'
import { callBench } from './call-bench.ts'

const none = new Uint8Array(0)
let folder: string
let server: BenchServer | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-server-'))
})
afterEach(async () => {
  await server?.close()
  server = undefined
  rmSync(folder, { recursive: true })
})

async function serve(
  part: readonly Part[],
  faults: readonly SlotFault[] = [],
): Promise<BenchServer> {
  const options = { folder, part, slots: part.length, seed: 'server', timing: 'none' } as const
  server = await openBenchServer({ ...options, faults, clock: systemClock })
  return server
}

interface Called {
  readonly exitCode: number
  readonly output: string
}

async function call(words: string, signal?: AbortSignal): Promise<Called> {
  let output = ''
  const exitCode = await callBench(
    folder,
    { tool: 'programmer', argv: words.split(' '), cwd: folder },
    {
      signal,
      write: (text) => {
        output += text
      },
      ask: () => Promise.resolve('0'),
    },
  )
  return { exitCode, output }
}

/** The tty of a board, opened by the serial library of a line. */
async function openTty(path: string): Promise<HostPort> {
  const port = new SerialPort({ path, baudRate: 115_200, autoOpen: false })
  await new Promise<void>((resolve, reject) => {
    port.open((error) => (error ? reject(error) : resolve()))
  })
  await new Promise<void>((resolve) => port.flush(() => resolve()))
  const received = new OctetQueue()
  port.on('data', (octets: Buffer) => received.push(Uint8Array.from(octets)))
  port.on('close', () => received.end())
  return {
    received,
    write: (octets) =>
      new Promise((resolve, reject) => {
        port.write(Buffer.from(octets), (error) => (error ? reject(error) : resolve()))
      }),
    close: () => new Promise((resolve) => port.close(() => resolve())),
  }
}

describe('a bench server', () => {
  it('lets another process program a board, and the serial library provision it over a tty', async () => {
    const { bench } = await serve([parts.wba, parts.wba])
    writeFileSync(join(folder, 'data.bin'), provisioningImage())
    writeFileSync(join(folder, 'fw.bin'), firmware('provisioning-X1'))
    const target = '-c port=SWD sn=SIM000000002 mode=UR'
    const data = await call(`${target} -d data.bin 0x081EC000 -v`)
    const started = await call(`${target} -d fw.bin 0x08000000 -v -rst`)
    expect([data.exitCode, started.exitCode]).toEqual([0, 0])
    expect(started.output).toContain('Download verified successfully')

    const [, probe] = await bench.list()
    expect(probe?.port).toMatch(/^\/dev\//)
    const host = new ScriptedHost(await openTty(probe?.port ?? ''), systemClock)
    const { finish, proof } = await exchange(host)
    await host.close()
    expect(finish).toBe('000')
    const { dacPublicKey } = decodeImage(bench.board(2).flash.read(0x081e_c000, 61_440)).data
    const publicKey = p256PublicKey(dacPublicKey ?? none)
    expect(verifyP256({ publicKey, message: proofMessage, signature: proof ?? none })).toBe(true)
  })

  it('gives a port that vanishes another name', async () => {
    const { bench } = await serve([parts.wba], [{ slot: 1, name: 'port-renamed', at: 2 }])
    const [before] = await bench.list()
    await call('-c port=SWD mode=UR -rst')
    await expect.poll(async () => (await bench.list())[0]?.port).not.toBe(before?.port)
    expect((await call('-l')).output).not.toContain(`Location: ${before?.port}\n`)
  })

  it('is the only one of its folder', async () => {
    await serve([parts.wba])
    const second = openBenchServer({ folder, slots: 1, clock: systemClock, ttys: false })
    await expect(second).rejects.toMatchObject({ code: 'BOARD_BENCH_SERVER' })
  })

  it('ends a call whose process goes away, and frees the probe', async () => {
    await serve([parts.wba], [{ slot: 1, name: 'programmer-hangs' }])
    const gone = new AbortController()
    const hanging = call('-c port=SWD -rst', gone.signal)
    const held = expect.poll(async () => (await call('-c port=SWD -rst')).output)
    await held.toContain('No debug probe')
    gone.abort()
    await expect(hanging).rejects.toMatchObject({ code: 'BOARD_BENCH_SERVER' })
    await expect.poll(async () => (await call('-c port=SWD -rst')).exitCode).toBe(0)
  })

  it('serves calls for several probes at once', async () => {
    await serve([parts.wba, parts.u5, parts.wb55])
    const results = await Promise.all(
      [1, 2, 3].map((slot) => call(`-c port=SWD sn=SIM00000000${slot} mode=HOTPLUG`)),
    )
    expect(results.map(({ output }) => /Device ID {3}: (\w+)/.exec(output)?.[1])).toEqual([
      '0x4B0',
      '0x482',
      '0x495',
    ])
  })
})

describe('a folder without a server', () => {
  it('keeps what one call after the other does', async () => {
    await (await serve([parts.wb55])).close()
    server = undefined
    writeFileSync(join(folder, 'f.bin'), Uint8Array.of(1, 2, 3, 4))
    const calls = Array.from({ length: 4 }, (_, index) =>
      call(`-c port=SWD -d f.bin 0x0800${index}000 -v`),
    )
    expect((await Promise.all(calls)).map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0])
    const { output } = await call('-c port=SWD -r8 0x08003000 4')
    expect(output).toContain('0x08003000 : 01 02 03 04')
  })
})

describe('the executables', () => {
  it('a programmer that is killed leaves what it had written, and the probe is free', async () => {
    const options = { folder, part: parts.wba, slots: 1, ttys: false, clock: systemClock } as const
    server = await openBenchServer(options)
    const image = new Uint8Array(200_000).fill(7)
    writeFileSync(join(folder, 'f.bin'), image)
    const bin = new URL('../../bin/STM32_Programmer_CLI.js', import.meta.url).pathname
    const words = '-c port=SWD mode=UR -d f.bin 0x08000000 -v'.split(' ')
    const env = { ...process.env, KEYLINE_SIM_BOARDS: folder }
    const child = spawn(process.execPath, [bin, ...words], { env, cwd: folder })
    const { flash } = server.bench.board(1)
    const isWritten = (): boolean => flash.read(0x0800_0000, 1)[0] === 7
    await expect.poll(isWritten, { timeout: 20_000 }).toBe(true)
    child.kill('SIGKILL')
    await expect.poll(async () => (await call('-c port=SWD mode=HOTPLUG')).exitCode).toBe(0)
    expect(flash.holds(0x0800_0000, image)).toBe(false)
    expect(isWritten()).toBe(true)
  })

  it('are found by a shell, and end as the call does', async () => {
    const bin = new URL('../../bin/STM32_Programmer_CLI.js', import.meta.url).pathname
    const run = async (...words: readonly string[]): Promise<Called> => {
      const env = { ...process.env, KEYLINE_SIM_BOARDS: folder }
      const child = spawn(process.execPath, [bin, ...words], { env })
      let output = ''
      child.stdout.on('data', (text: Buffer) => {
        output += text.toString()
      })
      const exitCode = await new Promise<number>((resolve) => {
        child.once('close', (code) => resolve(code ?? -1))
      })
      return { exitCode, output }
    }
    expect(await run('-c', 'port=SWD', 'mode=HOTPLUG')).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining('Device ID   : 0x4B0'),
    })
    expect((await run('-c', 'port=SWD', '-frob')).exitCode).toBe(1)
    const env = { PATH: process.env['PATH'] ?? '' }
    const lost = spawn(process.execPath, [bin, '-l'], { env })
    const code = new Promise((resolve) => lost.once('close', resolve))
    expect(await code).toBe(1)
  })
})
