import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseJson } from '@keyline/bytes'
import { SlotsFile } from '@keyline/ledger/records'
import { writeWhole, type BoundSlot } from '@keyline/station'
import { CliError } from '../errors.ts'
import type { Home } from './home.ts'

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
