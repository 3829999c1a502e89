import { systemClock } from '@keyline/bytes'
import { openBench } from '../bench/bench.ts'
import { BenchFolder } from '../bench/bench-folder.ts'
import { lockFolder } from './folder-lock.ts'
import { runTool, type ToolWorld } from './run-tool.ts'
import type { ToolRequest } from './tool-message.ts'

/** How long a process waits for another one that works on the folder without a server. */
const lockWaitMs = 600_000

export type ToolTerminal = Pick<ToolWorld, 'write' | 'ask' | 'signal'>

/** Runs a tool on the boards of a folder in this process, when no other one works on it. @returns its exit code */
export async function runHere(
  folder: string,
  request: ToolRequest,
  terminal: ToolTerminal,
): Promise<number> {
  const lock = await lockFolder(folder, lockWaitMs)
  const alive = setInterval(() => undefined, 1000)
  try {
    const slots = new BenchFolder(folder).readBench()?.slots.length ?? 1
    using bench = openBench({
      folder,
      slots: Math.max(slots, 1),
      clock: systemClock,
      timing: 'none',
    })
    return await runTool(request, { ...terminal, bench, clock: systemClock })
  } finally {
    clearInterval(alive)
    lock.release()
  }
}
