import type { PlantedSecret, Spelling } from './secret.ts'

/** Something that can be looked into: a file, an event, the command line of a process. */
export interface Place {
  readonly name: string
  readonly octets: Uint8Array
}

export interface Discovery {
  readonly secret: PlantedSecret
  readonly form: string
  readonly place: string
}

interface Needle {
  readonly secret: PlantedSecret
  readonly spelling: Spelling
  readonly octets: Uint8Array
}

/** Looks for many secrets in one pass over each place. */
export class SecretSearch {
  readonly #plain = new NeedleIndex()
  readonly #compact = new NeedleIndex()

  constructor(secrets: readonly PlantedSecret[]) {
    for (const secret of secrets) {
      for (const spelling of secret.spellings) {
        const isText = spelling.kind === 'text'
        const octets = isText ? compact(spelling.octets) : spelling.octets
        const index = isText ? this.#compact : this.#plain
        index.add({ secret, spelling, octets })
      }
    }
  }

  /** Each secret at most once a place and form. */
  in(places: readonly Place[]): readonly Discovery[] {
    const found = new Map<string, Discovery>()
    for (const { name, octets } of places) {
      const hits = [...this.#plain.hits(octets), ...this.#compact.hits(compact(octets))]
      for (const { secret, spelling } of hits) {
        const discovery = { secret, form: spelling.form, place: name }
        found.set([secret.unit, secret.name, spelling.form, name].join('\n'), discovery)
      }
    }
    return [...found.values()]
  }
}

const keyLength = 4

/** Needles by their first four octets, with a table of those in front of it that passes one octet pair in hundreds. */
class NeedleIndex {
  readonly #byKey = new Map<number, Needle[]>()
  readonly #starts = new Uint8Array(65_536)

  add(needle: Needle): void {
    const [a = 0, b = 0, c = 0, d = 0] = needle.octets
    const key = keyOf(a, b, c, d)
    this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), needle])
    this.#starts[a | (b << 8)] = 1
  }

  *hits(octets: Uint8Array): Generator<Needle> {
    const end = octets.length - keyLength
    for (let offset = 0; offset <= end; offset++) {
      const a = octets[offset] ?? 0
      const b = octets[offset + 1] ?? 0
      if (this.#starts[a | (b << 8)] === 0) continue
      const needles = this.#byKey.get(keyOf(a, b, octets[offset + 2] ?? 0, octets[offset + 3] ?? 0))
      for (const needle of needles ?? []) if (stands(needle, octets, offset)) yield needle
    }
  }
}

function keyOf(a: number, b: number, c: number, d: number): number {
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0
}

function stands({ octets, spelling }: Needle, place: Uint8Array, offset: number): boolean {
  const end = offset + octets.length
  if (end > place.length || !octets.every((octet, index) => place[offset + index] === octet)) {
    return false
  }
  return (
    spelling.kind !== 'word' || !(isLetterOrDigit(place[offset - 1]) || isLetterOrDigit(place[end]))
  )
}

function isLetterOrDigit(octet: number | undefined): boolean {
  return octet !== undefined && /[0-9A-Za-z]/.test(String.fromCharCode(octet))
}

/** Without white space, colons, and line ends that are written as `\n`: what a printer may have put in between. */
function compact(octets: Uint8Array): Uint8Array {
  const text = Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1')
  return Buffer.from(text.replace(/[\s:]|\\+n/g, ''), 'latin1')
}
