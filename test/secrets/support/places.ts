import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { inspect } from 'node:util'
import { describeError } from '@keyline/bytes'
import type { Place } from './search.ts'

export function textPlace(name: string, text: string): Place {
  return { name, octets: Buffer.from(text, 'utf8') }
}

export interface FoundFile extends Place {
  /** Permission bits. */
  readonly mode: number
}

/** Every file below a folder with its content; names are relative to the folder. */
export function filesBelow(folder: string): readonly FoundFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return {
        name: relative(folder, path),
        octets: readFileSync(path),
        mode: statSync(path).mode & 0o777,
      }
    })
}

/** The names of the files themselves. */
export function namesOf(files: readonly Place[]): Place {
  return textPlace('names of files', files.map(({ name }) => name).join('\n'))
}

/** A value in every way in which a program may print it. */
export function printed(name: string, value: unknown): Place {
  const forms = [
    JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part)),
    inspect(value, {
      depth: Infinity,
      showHidden: true,
      maxArrayLength: null,
      maxStringLength: null,
    }),
    ...errorTexts(value),
  ]
  return textPlace(name, forms.join('\n'))
}

function errorTexts(value: unknown): readonly string[] {
  if (!(value instanceof Error)) return []
  const own = Reflect.ownKeys(value).map((key) => inspect(Reflect.get(value, key)))
  const causes = value.cause === undefined ? [] : errorTexts(value.cause)
  return [describeError(value), value.message, value.stack ?? '', ...own, ...causes]
}
