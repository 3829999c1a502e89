import { constants } from 'node:fs'
import { access, readdir, stat } from 'node:fs/promises'
import { basename, delimiter, dirname, join } from 'node:path'
import { StationError } from '../errors.ts'

export interface FindOptions {
  /** `--programmerPath`: the folder of the program, or the program. */
  readonly given?: string | undefined
  readonly platform: NodeJS.Platform
  readonly environment: Readonly<Record<string, string | undefined>>
}

const programName = 'STM32_Programmer_CLI'

/** Where ST's installers put it. */
const usualFolders: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  win32: [
    'C:\\Program Files\\STMicroelectronics\\STM32Cube\\STM32CubeProgrammer\\bin',
    'C:\\Program Files (x86)\\STMicroelectronics\\STM32Cube\\STM32CubeProgrammer\\bin',
  ],
  darwin: [
    '/Applications/STMicroelectronics/STM32Cube/STM32CubeProgrammer/STM32CubeProgrammer.app/Contents/MacOs/bin',
    '/Applications/STMicroelectronics/STM32Cube/STM32CubeProgrammer/STM32CubeProgrammer.app/Contents/Resources/bin',
  ],
  linux: [
    '~/STMicroelectronics/STM32Cube/STM32CubeProgrammer/bin',
    '/usr/local/STMicroelectronics/STM32Cube/STM32CubeProgrammer/bin',
    '/opt/st/stm32cubeprogrammer/bin',
  ],
}

/**
 * The program of STM32CubeProgrammer: the one that is named, then KEYLINE_PROGRAMMER, then PATH, then ST's usual folders.
 * Source: provisioning-station section 2.1.
 * @throws StationError `STATION_PROGRAMMER_MISSING` with the places that were searched
 */
export async function findProgrammer(options: FindOptions): Promise<string> {
  const { named, onPath, usual } = placesOf(options)
  const places = named.length > 0 ? named : [...onPath, ...usual]
  for (const place of places) if (await isProgram(place, options.platform)) return place
  const searched = named.length > 0 ? named : ['the folders of PATH', ...usual]
  throw new StationError(
    'STATION_PROGRAMMER_MISSING',
    `${programName} is at none of: ${searched.join(', ')}`,
  )
}

interface Places {
  readonly named: readonly string[]
  readonly onPath: readonly string[]
  readonly usual: readonly string[]
}

/** In the order of the search. A place that is named is searched alone. */
function placesOf({ given, platform, environment }: FindOptions): Places {
  const program = platform === 'win32' ? `${programName}.exe` : programName
  const name = given ?? environment['KEYLINE_PROGRAMMER'] ?? ''
  const home = environment['HOME'] ?? ''
  const inFolder = (folder: string): string => join(folder, program)
  const usual = (usualFolders[platform] ?? []).map((folder) => folder.replace(/^~/, home))
  const onPath = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return {
    named: name === '' ? [] : [name, inFolder(name), inFolder(join(name, 'bin'))],
    onPath: onPath.map(inFolder),
    usual: usual.map(inFolder),
  }
}

async function isProgram(path: string, platform: NodeJS.Platform): Promise<boolean> {
  try {
    if (!(await stat(path)).isFile()) return false
    if (platform !== 'win32') await access(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const loaderSuffix = '.stldr'

/**
 * The loader of an external memory: a file, or a name in the loader folder of the programmer; without a name the only
 * loader of the board. Source: provisioning-station section 4.2.
 * @throws StationError `STATION_PROGRAMMER` of class `loader`
 */
export async function findLoader(
  program: string,
  wanted: { readonly name?: string | undefined; readonly board: string },
): Promise<string> {
  const { name, board } = wanted
  if (name !== undefined && basename(name) !== name) return name
  const folder = join(dirname(program), 'ExternalLoader')
  if (name !== undefined)
    return join(folder, name.endsWith(loaderSuffix) ? name : `${name}${loaderSuffix}`)
  const entries = await readdir(folder).catch(() => [])
  const fitting = entries.filter((entry) => entry.endsWith(`_${board}${loaderSuffix}`))
  const [only] = fitting
  if (only !== undefined && fitting.length === 1) return join(folder, only)
  const found = fitting.length === 0 ? 'no loader' : `several loaders (${fitting.join(', ')})`
  throw new StationError('STATION_PROGRAMMER', `${folder} has ${found} for the board ${board}`, {
    details: { class: 'loader' },
    remedy: 'name the loader of the external memory with --externalLoader',
  })
}
