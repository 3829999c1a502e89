import { basename, dirname } from 'node:path'
import { folderFiles } from '../its/index.ts'

/** Writes a container as a file: all of it under its name, or nothing, whatever happens in between. */
export function saveContainer(path: string, container: Uint8Array): void {
  const files = folderFiles(dirname(path))
  const name = basename(path)
  const beside = `${name}.${process.pid}.new`
  try {
    files.writeDurably(beside, container)
    files.rename(beside, name)
  } catch (error) {
    files.remove(beside)
    throw error
  }
  files.sync()
}
