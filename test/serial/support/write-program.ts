import { writeFile } from 'node:fs/promises'

/** Writes a program that may be executed. @returns its path */
export async function writeProgram(path: string, text: string): Promise<string> {
  await writeFile(path, text, { mode: 0o755 })
  return path
}
