import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { root } from './root.ts'

const Manifest = z.object({ bin: z.union([z.string(), z.record(z.string(), z.string())]) })

export interface ToolRun {
  /** Package that holds the tool, and the name of its command where the two differ. */
  readonly tool: string
  readonly command?: string | undefined
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>> | undefined
  /** `show` passes the output on, `keep` gives it back. */
  readonly output: 'show' | 'keep'
}

export interface ToolResult {
  /** Exit code, or 128 plus the signal's number as a shell gives it. */
  readonly code: number
  readonly output: string
}

const running = new Set<ChildProcess>()
let isInterrupted = false
const killAfterMs = 8_000

/**
 * Runs a development tool with the Node that runs us. The tool has a process group of its own:
 * an interruption ends it with all that it started, a database server of a test too.
 */
export function runTool(run: ToolRun): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [scriptOf(run.tool, run.command), ...run.args], {
      detached: true,
      env: { ...process.env, ...run.env },
      stdio: [
        'ignore',
        run.output === 'show' ? 'inherit' : 'pipe',
        run.output === 'show' ? 'inherit' : 'pipe',
      ],
    })
    running.add(child)
    const chunks: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.once('error', reject)
    child.once('close', (code) => {
      running.delete(child)
      if (!isInterrupted)
        resolve({ code: code ?? 129, output: Buffer.concat(chunks).toString('utf8') })
    })
  })
}

/** Ctrl+C and SIGTERM end every running tool, then us, with 130 or 143; what waits for a tool waits no longer. */
export function endToolsOnSignal(): void {
  const codes = { SIGINT: 130, SIGTERM: 143 } as const
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      isInterrupted = true
      process.stderr.write('interrupted\n')
      for (const child of running) signalGroup(child, 'SIGINT')
      const deadline = setTimeout(() => {
        for (const child of running) signalGroup(child, 'SIGKILL')
        process.exit(codes[signal])
      }, killAfterMs)
      const closed = Array.from(
        running,
        (child) => new Promise<void>((resolve) => child.once('close', () => resolve())),
      )
      void Promise.all(closed).then(() => {
        clearTimeout(deadline)
        process.exit(codes[signal])
      })
    })
  }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    child.kill(signal)
  }
}

function scriptOf(tool: string, command = tool): string {
  const folder = join(root, 'node_modules', tool)
  const { bin } = Manifest.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))
  const script = typeof bin === 'string' ? bin : bin[command]
  if (script === undefined) throw new Error(`the package ${tool} has no command ${command}`)
  return join(folder, script)
}
