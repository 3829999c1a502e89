import type { Stsafe } from '@keyline/stsafe'
import type { KeyTableEntry } from '@keyline/stsafe/layout'
import { CliError } from '../errors.ts'
import type { ChipCall } from './stsafe-chip.ts'

/**
 * What stands in symmetric key slots, nothing for empty ones.
 * @throws CliError `CLI_USAGE` for a slot that the part has not
 */
export async function keySlots(
  { symmetricKeys }: Stsafe,
  slots: readonly number[],
  call: ChipCall,
): Promise<ReadonlyArray<KeyTableEntry | undefined>> {
  const table = await symmetricKeys.table(call)
  requireSlots('symmetric key', slots, [...table.keys()])
  return slots.map((slot) => table[slot])
}

/** The key of a slot. @throws CliError `CLI_USAGE` for a slot that is empty, or that the part has not */
export async function keyOfSlot(
  chip: Stsafe,
  slot: number,
  call: ChipCall,
): Promise<KeyTableEntry> {
  const [entry] = await keySlots(chip, [slot], call)
  if (entry !== undefined) return entry
  const remedy = 'run keyline stsafe keys list, and name a slot that holds a key'
  throw new CliError('CLI_USAGE', `slot ${slot} of the chip holds no key`, { remedy })
}

/** @throws CliError `CLI_USAGE` with the slots that there are */
export function requireSlots(
  kind: string,
  slots: readonly number[],
  known: readonly number[],
): void {
  const missing = slots.find((slot) => !known.includes(slot))
  if (missing === undefined) return
  const remedy = `use one of slots ${known.join(', ')}`
  throw new CliError('CLI_USAGE', `the chip has no ${kind} slot ${missing}`, { remedy })
}
