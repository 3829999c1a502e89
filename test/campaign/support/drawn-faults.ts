import { faultTable, isFaultName, type FaultName, type SlotFault } from '@keyline/board'
import { uniformBelow, type Random } from '@keyline/bytes'

const names: readonly FaultName[] = Object.keys(faultTable).filter(isFaultName)

/** Beyond these the place of a fault is behind the end of every flow. */
const mostOccurrences = 12
const mostOctets = 6_000

function placeOf(name: FaultName, random: Random): number | undefined {
  const { place, at } = faultTable[name]
  if (place === 'result code' || place === 'level of the read-out protection') return undefined
  if (uniformBelow(random, 2) === 0) return undefined
  const most = place.startsWith('octet') ? mostOctets : mostOccurrences
  const drawn = 1 + uniformBelow(random, most)
  return place === 'octets between two faults' ? Math.max(drawn, at) : drawn
}

/** None, one or two faults for each board of each slot, at drawn places. */
export function drawFaults(
  random: Random,
  { slots, boards }: { readonly slots: number; readonly boards: number },
): readonly SlotFault[] {
  const faults: SlotFault[] = []
  for (let slot = 1; slot <= slots; slot++) {
    for (let board = 1; board <= boards; board++) {
      for (let count = uniformBelow(random, 3); count > 0; count--) {
        const name = names[uniformBelow(random, names.length)]
        if (name !== undefined) faults.push({ slot, board, name, at: placeOf(name, random) })
      }
    }
  }
  return faults
}
