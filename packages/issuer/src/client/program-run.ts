import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { concat, encodeUtf8, interruption, startTimer, systemClock } from '@keyline/bytes'
import { IssuerError } from '../errors.ts'

export interface ProgramCall {
  /** Program and its arguments, without secrets: everyone on the machine sees them. */
  readonly command: readonly string[]
  /** Beside what finds programs and their language; nothing else of this process is handed on. */
  readonly environment: Readonly<Record<string, string>>
  /** Written to its standard input, which then ends. */
  readonly input: string
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

const maxOutputOctets = 65_536
const keptErrorOctets = 2_048
const graceMs = 2_000
const handedOn = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR', 'SystemRoot', 'TEMP']

/**
 * Runs a program to its end and gives its standard output. It and all it has started end at the deadline: asked first,
 * made to 2 s later.
 * @throws IssuerError `ISSUER_PROGRAM` with its last words; BytesError `INTERRUPTED`
 */
export function runProgram(call: ProgramCall): Promise<string> {
  const [program = '', ...args] = call.command
  const env: Record<string, string> = { ...call.environment }
  for (const name of handedOn) {
    const value = process.env[name]
    if (value !== undefined) env[name] = value
  }
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: 'pipe', detached: true })
    const output: Uint8Array[] = []
    let length = 0
    let words = new Uint8Array()
    let failure: Error | undefined
    const stops: (() => void)[] = []

    const stop = (why: Error): void => {
      if (failure !== undefined) return
      failure = why
      endTree(child.pid, 'SIGTERM')
      stops.push(startTimer(systemClock, graceMs, () => endTree(child.pid, 'SIGKILL')))
    }
    const onAbort = (): void => stop(interruption(call.signal))
    call.signal?.addEventListener('abort', onAbort, { once: true })
    if (call.signal?.aborted === true) onAbort()
    stops.push(
      startTimer(systemClock, call.timeoutMs, () =>
        stop(failed(`took longer than ${call.timeoutMs} ms`)),
      ),
    )

    child.stdout.on('data', (part: Uint8Array) => {
      length += part.length
      if (length > maxOutputOctets) stop(failed(`wrote more than ${maxOutputOctets} octets`))
      else output.push(Uint8Array.from(part))
    })
    child.stderr.on('data', (part: Uint8Array) => {
      words = Uint8Array.of(...words, ...part.subarray(-keptErrorOctets)).slice(-keptErrorOctets)
    })
    // A program that has ended does not mind what it was not told.
    child.stdin.on('error', () => undefined)
    child.stdin.end(encodeUtf8(call.input))

    const end = (error: Error | undefined, text = ''): void => {
      for (const cancel of stops) cancel()
      call.signal?.removeEventListener('abort', onAbort)
      // What it left behind in its group goes as well.
      endTree(child.pid, 'SIGKILL')
      if (error === undefined) resolve(text)
      else reject(error)
    }
    // Whoever left the group may hold the pipes; nobody waits for it.
    child.once('exit', () => {
      stops.push(startTimer(systemClock, graceMs, () => letGo(child)))
    })
    child.once('error', (cause) => end(failed('could not be started', cause)))
    child.once('close', (code, signal) => {
      if (failure !== undefined) return end(failure)
      if (code !== 0) return end(failed(`ended with ${code ?? signal ?? 'nothing'}`))
      end(undefined, new TextDecoder().decode(concat(...output)))
    })

    function failed(what: string, cause?: Error): IssuerError {
      const said = new TextDecoder().decode(words).trim()
      const message = `${program} ${what}${said === '' ? '' : `: ${said}`}`
      return new IssuerError('ISSUER_PROGRAM', message, cause === undefined ? {} : { cause })
    }
  })
}

function letGo({ stdout, stderr }: ChildProcessWithoutNullStreams): void {
  stdout.destroy()
  stderr.destroy()
}

/** Signals a process group; one that is gone is not minded. */
function endTree(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal)
  } catch {
    return
  }
}
