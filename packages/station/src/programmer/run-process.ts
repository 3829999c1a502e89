import { spawn } from 'node:child_process'
import { interruption, startTimer, systemClock } from '@keyline/bytes'
import { CappedOutput } from './capped-output.ts'
import { endTree, letGo } from './process-tree.ts'

export interface ProcessCall {
  /** Program and its arguments, without secrets: everyone on the machine sees them. */
  readonly command: readonly [program: string, ...args: readonly string[]]
  readonly folder?: string | undefined
  /** Beside what this process has. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** The watchdog: behind it the whole process tree ends. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
  /** Words for a batch file of Windows are passed as they are. */
  readonly verbatim?: boolean | undefined
  /** Hears the output as it comes, and may answer on the standard input or end the process. */
  readonly listen?: ((text: string, process: RunningProcess) => void) | undefined
}

export interface RunningProcess {
  write(text: string): void
  /** Ends the process tree; `why` stands in the result. */
  stop(why: string): void
}

/** How a process ended. */
export interface ProcessEnd {
  /** Absent when a signal ended it, or when it never started. */
  readonly exitCode: number | undefined
  /** Standard output and error output as they came, start and end of them. */
  readonly output: string
  readonly isCut: boolean
  /** Why it did not end by itself: the watchdog, a listener, a signal, or no start. */
  readonly stopped: 'hung' | 'ended' | undefined
  readonly reason: string | undefined
}

/** Between the request to end and the end. */
const graceMs = 2_000

/**
 * Runs a program to its end, without a shell. It and all that it has started end at the watchdog, at the signal, and
 * when it has ended itself: no child keeps a probe.
 * @throws BytesError `INTERRUPTED`; an Error when the program cannot be started
 */
export function runProcess(call: ProcessCall): Promise<ProcessEnd> {
  const [program, ...args] = call.command
  const output = new CappedOutput()
  const isWindows = process.platform === 'win32'
  return new Promise((resolve, reject) => {
    if (call.signal?.aborted === true) {
      reject(interruption(call.signal))
      return
    }
    const child = spawn(program, args, {
      cwd: call.folder,
      env: { ...process.env, ...call.environment },
      stdio: 'pipe',
      detached: !isWindows,
      windowsVerbatimArguments: call.verbatim === true,
      windowsHide: true,
    })
    let stopped: ProcessEnd['stopped']
    let reason: string | undefined
    let isInterrupted = false
    const timers: (() => void)[] = []

    const stop = (why: string, how: 'hung' | 'ended'): void => {
      if (stopped !== undefined) return
      stopped = how
      reason = why
      endTree(child, 'SIGTERM')
      timers.push(startTimer(systemClock, graceMs, () => endTree(child, 'SIGKILL')))
    }
    const onAbort = (): void => {
      isInterrupted = true
      stop('interrupted', 'ended')
    }
    const running: RunningProcess = {
      write: (text) => void child.stdin.write(text),
      stop: (why) => stop(why, 'ended'),
    }
    const hear = (part: Uint8Array): void => {
      output.push(part)
      call.listen?.(new TextDecoder().decode(part), running)
    }
    call.signal?.addEventListener('abort', onAbort, { once: true })
    timers.push(
      startTimer(systemClock, call.timeoutMs, () =>
        stop(`took longer than ${call.timeoutMs} ms`, 'hung'),
      ),
    )
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    // A program that has ended does not mind what it was not told.
    child.stdin.on('error', () => undefined)
    if (call.listen === undefined) child.stdin.end()

    const release = (): void => {
      for (const cancel of timers) cancel()
      call.signal?.removeEventListener('abort', onAbort)
    }
    // Whoever it has left behind holds its pipes, and perhaps the probe.
    child.once('exit', () => {
      timers.push(startTimer(systemClock, graceMs, () => letGo(child)))
    })
    child.once('error', (cause) => {
      release()
      reject(cause)
    })
    child.once('close', (code, signal) => {
      release()
      endTree(child, 'SIGKILL')
      if (isInterrupted) {
        reject(interruption(call.signal))
        return
      }
      if (signal !== null) stop(`was ended by ${signal}`, 'ended')
      resolve({
        exitCode: code ?? undefined,
        output: output.text(),
        isCut: output.isCut,
        stopped,
        reason,
      })
    })
  })
}
