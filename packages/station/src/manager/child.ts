import { spawn, type ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import { startTimer, systemClock } from '@keyline/bytes'
import { endTree, letGo } from '../programmer/process-tree.ts'

export interface ChildCall {
  /** Program and its arguments, without secrets. */
  readonly command: readonly [program: string, ...args: readonly string[]]
  readonly folder: string
  /** All that it gets. */
  readonly environment: Readonly<Record<string, string>>
  /** Words for a batch file of Windows are passed as they are. */
  readonly verbatim?: boolean | undefined
  readonly caps: ChildCaps
  /** A line of the standard output, without its end. */
  onLine(text: string): void
  /** A line of the error output. */
  onNote(text: string): void
  /** The caps were passed. The child goes on until it is stopped. */
  onFlood(detail: string): void
}

export interface ChildCaps {
  /** Octets of one line. */
  readonly lineOctets: number
  /** Octets of both outputs together. */
  readonly runOctets: number
}

/** How it ended: one of the three is there. */
export interface ChildEnd {
  readonly exitCode?: number | undefined
  readonly signal?: string | undefined
  /** It never began. */
  readonly error?: Error | undefined
}

/** A program with all that it starts, which end together. */
export interface Child {
  write(line: string): void
  /** Asks it to end, then ends it. What it says from now on is not heard. */
  stop(): void
  readonly ended: Promise<ChildEnd>
}

/** Between the request to end and the end; and for pipes that outlive their program. */
const graceMs = 2000

const living = new Set<ChildProcess>()
let isWatching = false

/** Starts a program without a shell, in a process group of its own. */
export function startChild(call: ChildCall): Child {
  const [program, ...args] = call.command
  const child = spawn(program, args, {
    cwd: call.folder,
    env: { ...call.environment },
    stdio: 'pipe',
    detached: process.platform !== 'win32',
    windowsVerbatimArguments: call.verbatim === true,
    windowsHide: true,
  })
  const timers: (() => void)[] = []
  let isStopped = false
  keepUntilExit(child)
  const meter = new OutputMeter(call)
  hear(child.stdout, meter, (text) => isStopped || call.onLine(text))
  hear(child.stderr, meter, (text) => isStopped || call.onNote(text))
  // A program that has ended does not mind what it was not told.
  child.stdin.on('error', () => undefined)
  const ended = new Promise<ChildEnd>((resolve) => {
    const end = (how: ChildEnd): void => {
      for (const cancel of timers) cancel()
      living.delete(child)
      endTree(child, 'SIGKILL')
      resolve(how)
    }
    child.once('error', (error) => end({ error }))
    child.once('exit', () => {
      // Whoever it has left behind holds its pipes.
      timers.push(startTimer(systemClock, isStopped ? 0 : graceMs, () => letGo(child)))
    })
    child.once('close', (code, signal) => {
      end({ exitCode: code ?? undefined, signal: signal ?? undefined })
    })
  })
  return {
    ended,
    write: (line) => {
      if (child.stdin.writable) child.stdin.write(line)
    },
    stop: () => {
      if (isStopped) return
      isStopped = true
      child.stdout.pause()
      child.stderr.pause()
      endTree(child, 'SIGTERM')
      timers.push(startTimer(systemClock, graceMs, () => endTree(child, 'SIGKILL')))
    },
  }
}

/** Both outputs of one child, counted. */
class OutputMeter {
  readonly #call: ChildCall
  #octets = 0

  constructor(call: ChildCall) {
    this.#call = call
  }

  count(octets: number, lineLength: number): void {
    const { lineOctets, runOctets } = this.#call.caps
    this.#octets += octets
    if (this.#octets > runOctets) this.#call.onFlood(`more than ${runOctets} octets`)
    else if (lineLength > lineOctets) {
      this.#call.onFlood(`a line of more than ${lineOctets} octets`)
    }
  }
}

function hear(stream: Readable, meter: OutputMeter, onLine: (text: string) => void): void {
  const decoder = new TextDecoder()
  let rest = ''
  stream.on('data', (part: Uint8Array) => {
    const lines = (rest + decoder.decode(part, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    meter.count(part.length, Math.max(rest.length, ...lines.map((line) => line.length)))
    for (const line of lines) if (line.trim() !== '') onLine(line)
  })
  stream.once('end', () => {
    if (rest.trim() !== '') onLine(rest)
  })
}

/** No manager outlives the station, even when that ends at once. */
function keepUntilExit(child: ChildProcess): void {
  if (!isWatching) process.once('exit', endAll)
  isWatching = true
  living.add(child)
}

function endAll(): void {
  for (const child of living) endTree(child, 'SIGKILL')
}
