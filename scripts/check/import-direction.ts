import { builtinModules } from 'node:module'
import { dirname, join } from 'node:path/posix'
import { findCycle } from './cycle.ts'
import { importsOf } from './imports-of.ts'
import { readRooms, type Room } from './room.ts'
import { filesUnder, isSource, isTest, readText } from './source-tree.ts'
import type { HouseCheck, Violation } from './violation.ts'

/** These rooms take the ledger's records, never its SQL. */
const recordsOnly = new Set(['@keyline/issuer', '@keyline/station'])

const nativeModules = ['better-sqlite3', 'node:sqlite', 'serialport', 'i2c-bus', 'pkcs11js']

const builtins = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]))

/**
 * A room imports only from rooms above it, only through their faces, and only what its package.json declares.
 * Inside a room neither files nor folders import each other in a circle. A native module is named in one file.
 * Tests are free to import what they need.
 */
export const importDirection: HouseCheck = { name: 'import direction', find: findInTree }

function findInTree(root: string): readonly Violation[] {
  const rooms = readRooms(root)
  const namedBy = new Map<string, string[]>(nativeModules.map((name) => [name, []]))
  const violations = rooms.flatMap((room, place) => {
    const files = filesUnder(root, room.folder).filter((file) => isSource(file) && !isTest(file))
    const imports = new Map(files.map((file) => [file, importsOf(readText(root, file))]))
    for (const [file, specifiers] of imports) {
      for (const specifier of new Set(specifiers)) namedBy.get(specifier)?.push(file)
    }
    return [
      ...findOutward({ room, above: rooms.slice(0, place), rooms, imports }),
      ...findCircles(room, imports),
    ]
  })
  for (const [name, files] of namedBy) {
    for (const file of files.slice(1)) {
      violations.push({ file, message: `loads ${name}, which ${files[0]} loads already` })
    }
  }
  return violations
}

type Imports = ReadonlyMap<string, readonly string[]>

interface Outlook {
  readonly room: Room
  readonly above: readonly Room[]
  readonly rooms: readonly Room[]
  readonly imports: Imports
}

function findOutward({ room, above, rooms, imports }: Outlook): Violation[] {
  const violations: Violation[] = []
  for (const [file, specifiers] of imports) {
    for (const specifier of specifiers) {
      const message = specifier.startsWith('.')
        ? describeRelative(room, file, specifier)
        : describePackage({ room, above, rooms }, specifier)
      if (message !== undefined) violations.push({ file, message })
    }
  }
  return violations
}

function describeRelative(room: Room, file: string, specifier: string): string | undefined {
  const target = join(dirname(file), specifier)
  if (target.startsWith(`${room.folder}/`)) return undefined
  return `imports ${specifier}, which lies outside of its package`
}

function describePackage(
  { room, above, rooms }: Omit<Outlook, 'imports'>,
  specifier: string,
): string | undefined {
  if (builtins.has(specifier)) {
    return specifier.startsWith('node:') ? undefined : `imports ${specifier} without node:`
  }
  const name = packageOf(specifier)
  if (name === room.name) return `imports its own face ${specifier}; import the file`
  const target = rooms.find((other) => other.name === name)
  if (target !== undefined && !above.includes(target)) {
    return `imports ${specifier}, but ${name} stands below ${room.name}`
  }
  if (!room.dependencies.has(name)) {
    return `imports ${specifier}, which ${room.folder}/package.json does not declare`
  }
  if (target === undefined) return undefined
  if (!target.faces.has(specifier)) return `imports ${specifier}, which is no face of ${name}`
  if (recordsOnly.has(room.name) && specifier === '@keyline/ledger') {
    return `imports ${specifier}, but may import only @keyline/ledger/records`
  }
  return undefined
}

function packageOf(specifier: string): string {
  const [first = '', second = ''] = specifier.split('/')
  return first.startsWith('@') ? `${first}/${second}` : first
}

function findCircles(room: Room, imports: Imports): Violation[] {
  const files = new Map<string, ReadonlySet<string>>()
  const folders = new Map<string, Set<string>>()
  for (const [file, specifiers] of imports) {
    const targets = specifiers
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => join(dirname(file), specifier))
    files.set(file, new Set(targets))
    const from = stageOf(room, file)
    const to = folders.get(from) ?? new Set<string>()
    for (const target of targets) if (stageOf(room, target) !== from) to.add(stageOf(room, target))
    folders.set(from, to)
  }
  const fileCircle = findCycle(files)
  if (fileCircle !== undefined) {
    return [{ file: fileCircle[0] ?? room.folder, message: `circle: ${fileCircle.join(' → ')}` }]
  }
  const folderCircle = findCycle(folders)
  if (folderCircle === undefined) return []
  return [{ file: room.folder, message: `folders in a circle: ${folderCircle.join(' → ')}` }]
}

/** The folder of `src` that a file belongs to; a file that lies in `src` itself is a stage of its own. */
function stageOf(room: Room, file: string): string {
  const [source = '', stage] = file.slice(room.folder.length + 1).split('/')
  return stage === undefined ? source : stage
}
