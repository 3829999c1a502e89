import { dirname, join } from 'node:path/posix'
import { importsOf } from '../check/imports-of.ts'
import { readRooms, type Room } from '../check/room.ts'
import { filesUnder, isSource, isTest, readText } from '../check/source-tree.ts'
import { table } from './markdown.ts'

const start = '<!-- rooms: made by npm run docs -->'
const end = '<!-- /rooms -->'

/** The page with its block of rooms made anew from the package.json files and the folders. */
export function withRoomsBlock(root: string, page: string): string {
  const from = page.indexOf(start)
  const to = page.indexOf(end)
  if (from < 0 || to < from) throw new Error(`docs/architecture.md needs ${start} and ${end}`)
  return page.slice(0, from + start.length) + `\n\n${roomsBlock(root)}\n\n` + page.slice(to)
}

function roomsBlock(root: string): string {
  const rooms = readRooms(root)
  const names = new Set(rooms.map(({ name }) => name))
  const rows = rooms.map((room) => [
    `\`${shortName(room)}\``,
    room.description,
    [...room.dependencies]
      .filter((name) => names.has(name))
      .map(shorten)
      .join(', ') || '–',
    stagesOf(root, room).join(' → ') || '–',
  ])
  return table(['room', 'job', 'imports', 'stages inside'], rows)
}

/** The folders of a room's `src`, each after those that it imports. */
function stagesOf(root: string, room: Room): readonly string[] {
  const source = `${room.folder}/src/`
  const files = filesUnder(root, room.folder).filter(
    (file) => file.startsWith(source) && isSource(file) && !isTest(file),
  )
  const stageOf = (file: string): string | undefined => {
    const [stage, below] = file.slice(source.length).split('/')
    return below === undefined ? undefined : stage
  }
  const needs = new Map<string, Set<string>>()
  for (const file of files) {
    const stage = stageOf(file)
    if (stage === undefined) continue
    const needed = needs.get(stage) ?? new Set<string>()
    for (const specifier of importsOf(readText(root, file))) {
      const target = specifier.startsWith('.') ? stageOf(join(dirname(file), specifier)) : undefined
      if (target !== undefined && target !== stage) needed.add(target)
    }
    needs.set(stage, needed)
  }
  const ordered = new Set<string>()
  const place = (stage: string): void => {
    if (ordered.has(stage)) return
    for (const needed of [...(needs.get(stage) ?? [])].toSorted()) place(needed)
    ordered.add(stage)
  }
  for (const stage of [...needs.keys()].toSorted()) place(stage)
  return [...ordered]
}

function shortName(room: Room): string {
  return shorten(room.name)
}

function shorten(name: string): string {
  return name.replace('@keyline/', '')
}
