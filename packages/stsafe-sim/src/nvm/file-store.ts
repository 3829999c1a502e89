import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { StsafeSimError } from '../errors.ts'
import { stateFromJson, stateToJson } from './image.ts'
import type { StateStore } from './memory.ts'
import type { ChipState } from './state.ts'

/**
 * Keeps the state in a file. The whole state is written beside it, made durable and renamed: whatever happens at any
 * moment, the file holds the state before or the state after, never a part of one.
 */
export function fileStore(path: string): StateStore {
  return {
    save(state) {
      try {
        const beside = `${path}.${process.pid}.new`
        writeDurably(beside, stateToJson(state))
        renameSync(beside, path)
        syncFolder(dirname(path))
      } catch (cause) {
        throw new StsafeSimError('SIM_STATE', `${path} cannot be written`, { cause })
      }
    },
  }
}

/** The state of a file, or nothing when there is no file. @throws StsafeSimError `SIM_STATE` */
export function loadState(path: string): ChipState | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw new StsafeSimError('SIM_STATE', `${path} cannot be read`, { cause })
  }
  return stateFromJson(text)
}

function writeDurably(path: string, text: string): void {
  // Keys lie in it: for its owner alone.
  const file = openSync(path, 'w', 0o600)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** The new name itself is durable only when its folder is. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
