import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Clock } from '@keyline/bytes'
import type { Bench } from '../bench/bench.ts'
import { runProgrammer } from '../programmer/run-programmer.ts'
import { runScript } from '../script/run-script.ts'
import type { ToolRequest } from './tool-message.ts'

export interface ToolWorld {
  readonly bench: Bench
  readonly clock: Clock
  readonly write: (text: string) => void
  readonly ask: (question: string) => Promise<string>
  readonly signal?: AbortSignal | undefined
}

/** Runs a tool on the boards of a bench; paths count from the folder of whoever asked. @returns the exit code */
export async function runTool(request: ToolRequest, world: ToolWorld): Promise<number> {
  const { bench, clock, write, ask, signal } = world
  const { cwd } = request
  const load = async (path: string): Promise<Uint8Array> =>
    Uint8Array.from(await readFile(resolve(cwd, path)))
  if (request.tool === 'programmer') {
    const { argv } = request
    return runProgrammer({
      bench,
      clock,
      argv,
      write,
      signal,
      readFile: load,
      writeFile: (path, octets) => saveWhole(resolve(cwd, path), octets),
    })
  }
  const { name, platform, security, isAuto, probe, firmware } = request
  return runScript({
    bench,
    clock,
    name,
    folder: { platform, security },
    isAuto,
    probe,
    firmware: firmware === undefined ? undefined : await load(firmware),
    write,
    ask,
    signal,
  })
}

/** The whole file under its name, or nothing, also when the process is killed in between. */
async function saveWhole(path: string, octets: Uint8Array): Promise<void> {
  const beside = `${path}.${process.pid}.new`
  try {
    await writeFile(beside, octets)
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
}
