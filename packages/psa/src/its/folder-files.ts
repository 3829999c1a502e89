import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

/** The acts on one folder that a storage is made of; each may be the last before the power goes. */
export interface FolderFiles {
  names(): readonly string[]
  read(name: string): Uint8Array | undefined
  /** Writes a whole file and makes its content durable. */
  writeDurably(name: string, octets: Uint8Array): void
  /** Gives a file another name, in place of the file that has it; all or nothing. */
  rename(from: string, to: string): void
  remove(name: string): void
  /** Makes the names in the folder durable. */
  sync(): void
}

/** A folder of the file system, made when it is not there. Its files are for their owner alone. */
export function folderFiles(folder: string): FolderFiles {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return {
    names: () => readdirSync(folder),
    read(name) {
      try {
        return new Uint8Array(readFileSync(join(folder, name)))
      } catch (error) {
        if (isMissing(error)) return undefined
        throw error
      }
    },
    writeDurably(name, octets) {
      const file = openSync(join(folder, name), 'w', 0o600)
      try {
        let written = 0
        while (written < octets.length) written += writeSync(file, octets, written)
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
    },
    rename: (from, to) => renameSync(join(folder, from), join(folder, to)),
    remove: (name) => rmSync(join(folder, name), { force: true }),
    sync() {
      const handle = openSync(folder, 'r')
      try {
        fsyncSync(handle)
      } finally {
        closeSync(handle)
      }
    },
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
