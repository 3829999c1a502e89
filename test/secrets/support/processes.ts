import { readdirSync, readFileSync } from 'node:fs'
import type { Place } from './search.ts'

/** Command line and environment of a process and of all its descendants now. Needs the `/proc` of Linux. */
export function processesOf(root: number): readonly Place[] {
  const childrenOf = new Map<number, number[]>()
  for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
    const parent = parentOf(pid)
    if (parent !== undefined) childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), pid])
  }
  const pids = [root]
  // The list grows while it is walked.
  for (const pid of pids) pids.push(...(childrenOf.get(pid) ?? []))
  return pids.flatMap((pid) => [
    { name: 'command line of a process', octets: contentOf(pid, 'cmdline') },
    { name: 'environment of a process', octets: contentOf(pid, 'environ') },
  ])
}

function parentOf(pid: number): number | undefined {
  const [, parent] = /\) \S (\d+) /.exec(Buffer.from(contentOf(pid, 'stat')).toString()) ?? []
  return parent === undefined ? undefined : Number(parent)
}

/** Nothing, when the process has just ended. */
function contentOf(pid: number, file: string): Uint8Array {
  try {
    return readFileSync(`/proc/${pid}/${file}`)
  } catch {
    return new Uint8Array()
  }
}
