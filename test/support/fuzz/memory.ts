import { setFlagsFromString, getHeapStatistics } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Octets that this thread holds, garbage included: the heap, and what lies outside of it for buffers. */
export function heldOctets(): number {
  const { used_heap_size: heap, external_memory: outside } = getHeapStatistics()
  return heap + outside
}

/** The same without garbage. The second collection ends the sweep of buffers that the first began beside this thread. */
export function reachableOctets(): number {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('the engine gives no garbage collector')
  collect()
  collect()
  return heldOctets()
}
