import { toHex } from '@keyline/bytes'
import { decodeTlv, encodeTlv, type TlvElement } from '@keyline/matter'
import { TlvAny } from '@matter/types'
import { describe, expect, it } from 'vitest'
import { Draw } from '../support/draw.ts'
import { scaled, testSeed } from '../support/scale.ts'
import { drawTlv } from './support/drawn-tlv.ts'
import { shown } from './support/fields.ts'
import { octetsOf } from './support/matter-octets.ts'
import { matterStream, streamLines, type MatterStream } from './support/matter-tlv-stream.ts'

const cases = scaled(1_000, 100_000)

describe(`matter.js, ${cases} TLV elements drawn with seed ${testSeed},`, () => {
  it('reads what we wrote, part by part', () => {
    const draw = new Draw(`our TLV ${testSeed}`)
    const problems: string[] = []
    for (let index = 0; index < cases; index++) {
      const element = drawTlv(draw)
      const theirs = TlvAny.decode(encodeTlv(element))
      problems.push(...unequalParts(index, matterStream(element), theirs))
    }
    expect(shown(problems)).toEqual([])
  })

  it('writes the octets that we write, and we read them back', () => {
    const draw = new Draw(`their TLV ${testSeed}`)
    const problems: string[] = []
    for (let index = 0; index < cases; index++) {
      const element = drawTlv(draw)
      const theirs = octetsOf(TlvAny.encode(matterStream(element)))
      const ours = encodeTlv(element)
      if (toHex(ours) !== toHex(theirs)) {
        problems.push(
          `seed ${testSeed}, case ${index}: ${toHex(ours)} here, ${toHex(theirs)} there`,
        )
      }
      problems.push(...unequalParts(index, matterStream(decodeTlv(theirs)), matterStream(element)))
    }
    expect(shown(problems)).toEqual([])
  })

  it.each<readonly [string, TlvElement]>([
    ['value', { tag: 0, type: 'uint', value: 6 }],
    ['type', { tag: 0, type: 'int', value: 5 }],
    ['width', { tag: 0, type: 'uint', value: 5, width: 2 }],
    ['tag', { tag: 1, type: 'uint', value: 5 }],
  ])('would be told apart by its %s', (_, other) => {
    const [ours, theirs] = [{ tag: 0, type: 'uint', value: 5 } as const, other].map(
      (member): TlvElement => ({ type: 'structure', value: [member] }),
    )
    if (ours === undefined || theirs === undefined) throw new RangeError('two elements')
    const read = TlvAny.decode(encodeTlv(theirs))
    expect(unequalParts(0, matterStream(ours), read)).toHaveLength(1)
  })
})

function unequalParts(index: number, ours: MatterStream, theirs: MatterStream): readonly string[] {
  const there = streamLines(theirs)
  const here = streamLines(ours)
  return Array.from({ length: Math.max(here.length, there.length) }, (_, part) =>
    here[part] === there[part]
      ? []
      : [`seed ${testSeed}, case ${index}, part ${part}: ${here[part]} here, ${there[part]} there`],
  ).flat()
}
