import { folderFiles, type FolderFiles } from './folder-files.ts'
import type { TrustedStorageMedium } from './medium.ts'

const recordName = /^[0-9a-f]{16}\.its$/
const unfinished = '.new'

/**
 * One file a record. A record is written beside its place, made durable and renamed, so that a power cut leaves the
 * old file or the new one (decision D2); what an earlier cut left unfinished is cleared away at the start.
 */
export function folderMedium(folder: string | FolderFiles): TrustedStorageMedium {
  const files = typeof folder === 'string' ? folderFiles(folder) : folder
  for (const name of files.names()) if (name.endsWith(unfinished)) files.remove(name)
  return {
    list: () =>
      files
        .names()
        .filter((name) => recordName.test(name))
        .map((name) => Number.parseInt(name, 16)),
    read: (id) => files.read(nameOf(id)),
    write(id, record) {
      const name = nameOf(id)
      try {
        files.writeDurably(name + unfinished, record)
      } catch (error) {
        if (!isFull(error)) throw error
        files.remove(name + unfinished)
        return false
      }
      files.rename(name + unfinished, name)
      files.sync()
      return true
    },
    remove(id) {
      files.remove(nameOf(id))
      files.sync()
    },
  }
}

function nameOf(id: number): string {
  return `${id.toString(16).padStart(16, '0')}.its`
}

function isFull(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'ENOSPC' || error.code === 'EDQUOT')
  )
}
