import { once } from 'node:events'
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { BytesError, isKeylineError, systemClock } from '@keyline/bytes'
import { openBench, type Bench, type BenchOptions } from '../bench/bench.ts'
import { BoardError } from '../errors.ts'
import { benchAddress } from './address.ts'
import { tryLockFolder } from './folder-lock.ts'
import { PtyBridge } from './pty-bridge.ts'
import { runTool } from './run-tool.ts'
import { decodeAnswer, decodeToolRequest, type ToolReply } from './tool-message.ts'

export interface BenchServerOptions extends BenchOptions {
  readonly folder: string
  /** False: boards have no tty. */
  readonly ttys?: boolean | undefined
}

/** A bench that other processes work on: programmer and scripts through a socket, serial lines as ttys. */
export interface BenchServer {
  readonly bench: Bench
  close(): Promise<void>
}

const hungUp = new BytesError('INTERRUPTED', 'the process that asked has ended')

/**
 * Opens the bench of a folder for other processes. The folder belongs to this process until it is closed.
 * @throws BoardError `BOARD_BENCH_SERVER`, `BOARD_BENCH_STATE`, `BOARD_PTY`
 */
export async function openBenchServer(options: BenchServerOptions): Promise<BenchServer> {
  const { folder, ttys = true } = options
  const lock = tryLockFolder(folder)
  if (lock === undefined) {
    throw new BoardError('BOARD_BENCH_SERVER', `the bench ${folder} is held by another process`)
  }
  const closers: (() => void)[] = [() => lock.release()]
  try {
    const bench = openBench(options)
    closers.push(() => bench.close())
    if (ttys) {
      const bridges = Array.from(
        { length: bench.slotCount },
        (_, index) => new PtyBridge(bench, index + 1),
      )
      closers.push(() => bridges.forEach((bridge) => bridge.close()))
      await Promise.all(bridges.map((bridge) => bridge.open()))
    }
    const server = await listen(bench, options)
    return { bench, close: () => closeAll(server, closers) }
  } catch (error) {
    for (const close of closers.toReversed()) close()
    throw error
  }
}

async function listen(bench: Bench, options: BenchServerOptions): Promise<Server & AsyncEnd> {
  const address = benchAddress(options.folder)
  if (process.platform !== 'win32') rmSync(address, { force: true })
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    void serve(bench, options, socket)
  })
  server.listen(address)
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new BoardError('BOARD_BENCH_SERVER', `${address} cannot be served`, { cause })
  }
  if (process.platform !== 'win32') chmodSync(address, 0o600)
  return Object.assign(server, {
    endAll: () => {
      for (const socket of sockets) socket.destroy()
    },
  })
}

interface AsyncEnd {
  endAll(): void
}

async function closeAll(
  server: Server & AsyncEnd,
  closers: readonly (() => void)[],
): Promise<void> {
  server.endAll()
  server.close()
  await once(server, 'close')
  for (const close of closers.toReversed()) close()
}

async function serve(bench: Bench, options: BenchServerOptions, socket: Socket): Promise<void> {
  const gone = new AbortController()
  socket.on('error', () => undefined)
  socket.once('close', () => gone.abort(hungUp))
  const reply = (message: ToolReply): void => {
    if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`)
  }
  const input = createInterface({ input: socket })
  socket.once('close', () => input.close())
  const lines = input[Symbol.asyncIterator]()
  const nextLine = async (): Promise<string> => {
    const line = await lines.next()
    if (line.done === true) throw hungUp
    return line.value
  }
  try {
    const exit = await runTool(decodeToolRequest(await nextLine()), {
      bench,
      clock: options.clock ?? systemClock,
      write: (out) => reply({ out }),
      ask: async (question) => {
        reply({ ask: question })
        return decodeAnswer(await nextLine())
      },
      signal: gone.signal,
    })
    reply({ exit })
  } catch (error) {
    if (gone.signal.aborted) return
    reply({ out: `Error: ${isKeylineError(error) ? error.message : 'the bench has failed'}\n` })
    reply({ exit: 1 })
  }
  socket.end()
}
