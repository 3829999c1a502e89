import { bannerVersion, namedValue, outputLines } from './output-lines.ts'

/** A debug probe of the list. */
export interface ListedProbe {
  readonly serial: string
  readonly board: string | null
}

/** A serial port of the list. `null` where the line is missing, an empty text where it says nothing. */
export interface ListedPort {
  readonly board: string | null
  readonly serial: string | null
  /** The name that opens it. */
  readonly port: string
  /** Whether it belongs to a listed probe; the others are never used. */
  readonly probe: boolean
}

export interface BoardList {
  readonly version: string | undefined
  readonly probes: readonly ListedProbe[]
  /** By the number in the port's name. */
  readonly ports: readonly ListedPort[]
}

type Block = Map<string, string>

/** The words of a line `===== words =====`, in time linear in the line. */
function headingOf(line: string): string | undefined {
  const behind = line.replace(/^=+/, '')
  if (behind === line || !behind.endsWith('=')) return undefined
  let end = behind.length
  while (behind[end - 1] === '=') end -= 1
  return behind.slice(0, end).trim()
}

/** Reads what `--list` printed, of any version. Source: provisioning-station section 4.3. */
export function readList(text: string): BoardList {
  const probeBlocks: Block[] = []
  const portBlocks: Block[] = []
  let section = ''
  let block: Block | undefined
  for (const line of outputLines(text)) {
    const heading = headingOf(line)
    if (heading !== undefined) {
      section = heading.toLowerCase()
      block = undefined
      continue
    }
    const isProbes = section.startsWith('stlink') || section.startsWith('st-link')
    if (isProbes && /^st-link probe \d+\s*:/i.test(line)) {
      block = new Map()
      probeBlocks.push(block)
    }
    if (section.startsWith('uart')) {
      if (line === '') block = undefined
      else if (block === undefined && !/^total number/i.test(line)) {
        block = new Map()
        portBlocks.push(block)
      }
    }
    const named = namedValue(line)
    if (named !== undefined) block?.set(...named)
  }
  const probes = probeBlocks.flatMap(probeOf)
  const serials = new Set(probes.map(({ serial }) => serial))
  const ports = portBlocks.flatMap((entry) => portOf(entry, serials))
  return { version: bannerVersion(text), probes, ports: ports.sort(byNumber) }
}

function probeOf(block: Block): readonly ListedProbe[] {
  const serial = block.get('st-link sn') ?? ''
  return serial === '' ? [] : [{ serial, board: block.get('board name') ?? null }]
}

function portOf(block: Block, serials: ReadonlySet<string>): readonly ListedPort[] {
  const name = block.get('port') ?? ''
  if (name === '') return []
  const location = block.get('location') ?? ''
  const serial = block.get('st-link sn') ?? null
  return [
    {
      board: block.get('board name') ?? null,
      serial,
      port: location.startsWith('/') ? location : name,
      probe: serial !== null && serials.has(serial),
    },
  ]
}

function byNumber(one: ListedPort, other: ListedPort): number {
  const difference = numberIn(one.port) - numberIn(other.port)
  return difference === 0 ? compare(one.port, other.port) : difference
}

function numberIn(port: string): number {
  return Number(/(\d+)\D*$/.exec(port)?.[1] ?? 0)
}

function compare(one: string, other: string): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}
