import { array, assert, constantFrom, integer, property } from 'fast-check'
import { LineSplitter } from '@keyline/matter/pxp'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { KeywordScanner, type Keyword } from './keyword-scanner.ts'

const pxp: Keyword = { kind: 'start', isPxp: true }
const plain: Keyword = { kind: 'start', isPxp: false }
const finish = (code: number): Keyword => ({ kind: 'finish', code })

/** Pieces of a stream, each with the keywords that a person sees in it. */
const pieces: readonly (readonly [string, readonly Keyword[]])[] = [
  ['Start_provisioning PXP/1\n', [pxp]],
  ['Start_provisioning PXP/1\r\n', [pxp]],
  ['Start_provisioning\n', [plain]],
  ['Start_provisioning PXP\r\n', [plain]],
  ['boot 1.4 Start_provisioning PXP/1\n', [pxp]],
  ['finish:000\n', [finish(0)]],
  ['finish:013\u0000\u0012\u00344\u0000\n', [finish(13)]],
  ['finish:0001\n', [finish(0)]],
  ['finish:001finish:002\n', [finish(1), finish(2)]],
  ['finish:00\n', []],
  ['finish: 000\n', []],
  ['Finish:000\n', []],
  ['finish:\n000\n', []],
  ['Start_provisioning PXP/1finish:255\n', [pxp, finish(255)]],
  ['\u0000\u00ff\u001b[31mnoise\n', []],
  ['\n', []],
  [`${'x'.repeat(2000)}\n`, []],
  ['@LOG 0 1/1 Start_provisioning 00000000\n', []],
  ['@ACK 5 1/1 - c06finish:000\n', []],
]

/** The keywords of a stream that arrives in pieces of these sizes, as the link finds them. */
function keywordsOf(stream: string, sizes: readonly number[]): readonly Keyword[] {
  const splitter = new LineSplitter()
  const scanner = new KeywordScanner()
  const found: Keyword[] = []
  const octets = Buffer.from(stream, 'latin1')
  for (let offset = 0, turn = 0; offset < octets.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    for (const line of splitter.push(octets.subarray(offset, offset + size))) {
      found.push(...scanner.line(line))
    }
    found.push(...scanner.pending(splitter.pending))
    offset += size
  }
  return found
}

describe('KeywordScanner', () => {
  it.each(pieces)('finds in %j: %j', (text, keywords) => {
    expect(keywordsOf(text, [text.length])).toEqual(keywords)
    expect(keywordsOf(text, [1])).toEqual(keywords)
  })

  it('tells the same keywords however the octets were cut', () => {
    const stream = array(constantFrom(...pieces), { maxLength: 12 })
    const sizes = array(integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 })
    assert(
      property(stream, sizes, (parts, cuts) => {
        const text = parts.map(([part]) => part).join('')
        expect(keywordsOf(text, cuts)).toEqual(parts.flatMap(([, keywords]) => keywords))
      }),
    )
  })

  it('tells a result at once that has no line end', () => {
    const scanner = new KeywordScanner()
    expect(scanner.pending('finish:01')).toEqual([])
    expect(scanner.pending('finish:013')).toEqual([finish(13)])
    expect(scanner.pending('finish:013\u0000')).toEqual([])
    expect(scanner.pending('finish:013\u0000finish:013')).toEqual([finish(13)])
    expect(scanner.line('finish:013\u0000finish:013')).toEqual([])
  })

  it('waits for the suffix of a start', () => {
    const scanner = new KeywordScanner()
    expect(scanner.pending('Start_provisioning')).toEqual([])
    expect(scanner.pending('Start_provisioning PXP/')).toEqual([])
    expect(scanner.pending('Start_provisioning PXP/1')).toEqual([pxp])
    expect(scanner.line('Start_provisioning PXP/1')).toEqual([])
  })
})
