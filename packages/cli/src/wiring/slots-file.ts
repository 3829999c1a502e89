import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { parseJson } from '@keyline/bytes'
import { writeWhole, type BoundSlot } from '@keyline/station'
import { CliError } from '../errors.ts'
import type { Home } from './home.ts'

/** Which probe belongs to which slot of a station, and where on the USB tree it is. */
const SlotsFile = z.strictObject({
  format: z.literal('keyline-slots/1'),
  slots: z
    .array(
      z.strictObject({
        slot: z.number().int().min(1).max(64),
        probe: z.string().min(1).max(128),
        location: z.string().min(1).max(128).optional(),
      }),
    )
    .min(1)
    .max(64)
    .refine((slots) => isDistinct(slots.map(({ slot }) => slot)), 'a slot stands there twice')
    .refine((slots) => isDistinct(slots.map(({ probe }) => probe)), 'a probe stands there twice'),
})

const pathOf = (home: Home): string => join(home.folder, 'slots.json')

/** The binding of a station; nothing where its slots were never bound. @throws CliError `CLI_INPUT` */
export async function readSlots(home: Home): Promise<readonly BoundSlot[] | undefined> {
  const path = pathOf(home)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new CliError('CLI_FILE', `${path} cannot be read`, { cause: error })
  }
  return parseSlots(text, path)
}

/** The binding of a file. @throws CliError `CLI_INPUT`, BytesError */
export function parseSlots(text: string, path: string): readonly BoundSlot[] {
  const read = SlotsFile.safeParse(parseJson(text, path))
  if (read.success) return read.data.slots
  const [issue] = read.error.issues
  const place = issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`
  throw new CliError('CLI_INPUT', `${path} does not bind slots: ${place}`, {
    remedy: 'bind the slots again with `keyline station bind`',
  })
}

/** @returns the path */
export function writeSlots(home: Home, slots: readonly BoundSlot[]): string {
  const path = pathOf(home)
  writeWhole(path, `${JSON.stringify({ format: 'keyline-slots/1', slots }, null, 2)}\n`)
  return path
}

function isDistinct(values: readonly unknown[]): boolean {
  return new Set(values).size === values.length
}
