import { spawn, type ChildProcess } from 'node:child_process'

/** Ends a process with all that it has started, and what it still writes is not heard. */
export function letGo(child: ChildProcess): void {
  endTree(child, 'SIGKILL')
  child.stdout?.destroy()
  child.stderr?.destroy()
}

/** Ends a process with all that it has started; one that is gone is not minded. */
export function endTree({ pid }: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return
  if (process.platform === 'win32') {
    spawn('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore', windowsHide: true }).on(
      'error',
      () => undefined,
    )
    return
  }
  try {
    process.kill(-pid, signal)
  } catch {
    return
  }
}
