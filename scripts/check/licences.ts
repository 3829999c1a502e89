import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { HouseCheck, Violation } from './violation.ts'

const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      license: z.string().optional(),
      dev: z.boolean().default(false),
      link: z.boolean().default(false),
    }),
  ),
})

const shipped = new Set([
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  '0BSD',
  'Python-2.0',
])
const development = new Set([...shipped, 'MPL-2.0'])

/** Packages that state their licence in a file alone, read by a person. */
const statedInFile: Readonly<Record<string, string>> = { 'node_modules/png-js': 'MIT' }

/** Every package of the lock file has a licence that we may ship with, or build with. */
export const licences: HouseCheck = { name: 'licences', find: findInTree }

function findInTree(root: string): readonly Violation[] {
  const { packages } = Lock.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')))
  return Object.entries(packages)
    .filter(([path, { link }]) => path !== '' && !link)
    .map(([path, { license, dev }]) => ({
      path,
      dev,
      license: license ?? statedInFile[path] ?? 'none',
    }))
    .filter(({ license, dev }) => !isAllowed(license, dev ? development : shipped))
    .map(({ path, license, dev }) => ({
      file: path,
      message: `licence ${license} is not one of ours${dev ? '' : ' for what we ship'}`,
    }))
}

/** An SPDX choice (`A OR B`) is allowed when one of its members is. */
function isAllowed(licence: string, allowed: ReadonlySet<string>): boolean {
  return licence
    .replaceAll(/[()]/g, '')
    .split(' OR ')
    .some((choice) => allowed.has(choice))
}
