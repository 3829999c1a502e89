import { reachableOctets } from '../../support/fuzz/memory.ts'

/** A run over random input may leave this much behind: caches that fill once, and no more. */
const mostLeftBehind = 32 * 1024 * 1024

/**
 * Starts to watch the memory of this thread.
 * @returns ends the watch: one line with what was left behind and what the process holds
 * @throws Error when more was left behind than a cache holds
 */
export function watchMemory(what: string): (runs: number) => Promise<string> {
  const before = reachableOctets()
  return async (runs) => {
    // What a weak reference was asked for stays until the turn of the event loop is over.
    await new Promise((resolve) => void setImmediate(resolve))
    const left = Math.max(0, reachableOctets() - before)
    const line = `${runs} ${what}: ${inMiB(left)} MiB left behind, ${inMiB(process.memoryUsage.rss())} MiB resident`
    if (left > mostLeftBehind) throw new Error(line)
    return line
  }
}

function inMiB(octets: number): string {
  return (octets / 1024 / 1024).toFixed(1)
}
