import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { BoardError } from '../errors.ts'
import { benchAddress } from './address.ts'
import type { ToolTerminal } from './run-here.ts'
import { decodeToolReply, type ToolRequest } from './tool-message.ts'

/**
 * Runs a tool on the boards of a folder: by the server of the folder, or else in this process, one process after the
 * other. Without a server no firmware runs between the calls.
 * @returns the exit code of the tool
 * @throws BoardError `BOARD_BENCH_SERVER`, `BOARD_BENCH_STATE`
 */
export async function callBench(
  folder: string,
  request: ToolRequest,
  terminal: ToolTerminal,
): Promise<number> {
  const socket = await reach(benchAddress(folder))
  if (socket !== undefined) return runThere(socket, request, terminal)
  // Most calls find a server: they do without the boards, and start in a fraction of the time.
  const { runHere } = await import('./run-here.ts')
  return runHere(folder, request, terminal)
}

function reach(address: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(address)
    socket.once('connect', () => resolve(socket))
    socket.once('error', () => resolve(undefined))
  })
}

async function runThere(
  socket: Socket,
  request: ToolRequest,
  { write, ask, signal }: ToolTerminal,
): Promise<number> {
  const leave = (): unknown => socket.destroy()
  signal?.addEventListener('abort', leave, { once: true })
  if (signal?.aborted === true) leave()
  socket.on('error', () => undefined)
  socket.write(`${JSON.stringify(request)}\n`)
  const lines = createInterface({ input: socket })
  socket.once('close', () => lines.close())
  for await (const line of lines) {
    const reply = decodeToolReply(line)
    if ('exit' in reply) return reply.exit
    if ('out' in reply) write(reply.out)
    else socket.write(`${JSON.stringify({ answer: await ask(reply.ask) })}\n`)
  }
  throw new BoardError('BOARD_BENCH_SERVER', 'the bench was closed in the middle of a call')
}
