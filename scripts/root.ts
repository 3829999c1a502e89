import { join } from 'node:path'

/** The folder of the root package.json. */
export const root: string = join(import.meta.dirname, '..')
