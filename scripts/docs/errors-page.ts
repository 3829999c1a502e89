import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { z } from 'zod'
import { readRooms, type Room } from '../check/room.ts'
import { table } from './markdown.ts'

const ErrorTableShape = z.record(
  z.string(),
  z.object({
    fault: z.string(),
    meaning: z.string(),
    remedy: z.string(),
    retryable: z.boolean().optional(),
  }),
)

const RuleTableShape = z.record(
  z.string(),
  z.object({ severity: z.string(), text: z.string(), remedy: z.string() }),
)

const intro = `# Errors and rules

This page is made from the tables in the sources: \`npm run docs\`. \`keyline explain CODE\` says the same of one code.

The fault decides the verdict of a unit: only \`board\` makes FAIL; everything else that is not the operator's wish is ERROR or QUARANTINE.`

/** The page of every error code and every rule number, in the order of the rooms. */
export async function errorsPage(root: string): Promise<string> {
  const tables = await Promise.all(readRooms(root).map((room) => tablesOf(root, room)))
  const sections = tables.flat()
  refuseDoubles(sections)
  const part = (title: string, kind: Section['kind']): string =>
    [
      `## ${title}`,
      ...sections.filter((section) => section.kind === kind).map(({ text }) => text),
    ].join('\n\n')
  return `${[intro, part('Errors', 'errors'), part('Rules', 'rules')].join('\n\n')}\n`
}

interface Section {
  readonly kind: 'errors' | 'rules'
  readonly name: string
  readonly codes: readonly string[]
  readonly text: string
}

async function tablesOf(root: string, room: Room): Promise<readonly Section[]> {
  const seen = new Set<unknown>()
  const sections: Section[] = []
  for (const file of room.faces.values()) {
    const face: Record<string, unknown> = await import(pathToFileURL(join(root, file)).href)
    for (const [name, value] of Object.entries(face)) {
      if (seen.has(value)) continue
      seen.add(value)
      if (name.endsWith('ErrorTable')) sections.push(errorSection(room, name, value))
      else if (name.endsWith('Rules')) sections.push(ruleSection(room, name, value))
    }
  }
  return sections
}

function errorSection(room: Room, name: string, value: unknown): Section {
  const entries = Object.entries(ErrorTableShape.parse(value))
  const rows = entries.map(([code, entry]) => [
    `\`${code}\``,
    entry.retryable === true ? `${entry.fault}, may be tried again` : entry.fault,
    entry.meaning,
    entry.remedy,
  ])
  const text = `### ${room.name}\n\n${table(['code', 'fault', 'meaning', 'remedy'], rows)}`
  return { kind: 'errors', name, codes: entries.map(([code]) => code), text }
}

function ruleSection(room: Room, name: string, value: unknown): Section {
  const entries = Object.entries(RuleTableShape.parse(value))
  const rows = entries.map(([rule, entry]) => [rule, entry.severity, entry.text, entry.remedy])
  const text = `### ${room.name}: ${titleOf(name)}\n\n${table(['rule', 'severity', 'rule text', 'remedy'], rows)}`
  return { kind: 'rules', name, codes: entries.map(([rule]) => rule), text }
}

/** `factoryDataRules` → `factory data`. */
function titleOf(name: string): string {
  return name
    .replace(/Rules$/, '')
    .replaceAll(/([A-Z])/g, ' $1')
    .toLowerCase()
    .trim()
}

/** `explain` must know what one code means. */
function refuseDoubles(sections: readonly Section[]): void {
  const owners = new Map<string, string>()
  for (const { name, codes } of sections) {
    for (const code of codes) {
      const owner = owners.get(code)
      if (owner !== undefined) throw new Error(`${code} stands in ${owner} and in ${name}`)
      owners.set(code, name)
    }
  }
}
