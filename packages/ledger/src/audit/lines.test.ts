import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '@keyline/bytes'
import { auditLines, maxLineOctets } from './lines.ts'

describe('the lines of an export', () => {
  it('are the same however the octets arrive', async () => {
    const line = fc
      .string({ unit: 'binary', maxLength: 40 })
      .map((text) => text.replaceAll('\n', ''))
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat(60)), async (lines, cuts) => {
        const octets = encodeUtf8(lines.map((text) => `${text}\n`).join(''))
        expect(await collect(pieces(octets, cuts))).toEqual(lines)
      }),
    )
  })

  it('include a last one without line feed', async () => {
    expect(await collect([encodeUtf8('a\nb')])).toEqual(['a', 'b'])
    expect(await collect([encodeUtf8('a\n')])).toEqual(['a'])
    expect(await collect([])).toEqual([])
  })

  it('are refused when one is no UTF-8, with its number', async () => {
    await expect(collect([Uint8Array.of(0x61, 0x0a, 0xff, 0x0a)])).rejects.toMatchObject({
      code: 'BYTES_TEXT',
      message: expect.stringContaining('line 2'),
    })
  })

  it('are refused when one is too long, in bounded memory', async () => {
    const longest = new Uint8Array(maxLineOctets).fill(0x61)
    expect(await collect([longest])).toHaveLength(1)
    await expect(collect([longest, Uint8Array.of(0x61)])).rejects.toMatchObject({
      code: 'BYTES_RANGE',
    })
  })
})

async function collect(chunks: Iterable<Uint8Array>): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const line of auditLines(chunks)) lines.push(line)
  return lines
}

function* pieces(octets: Uint8Array, cuts: readonly number[]): Generator<Uint8Array> {
  let start = 0
  for (const cut of cuts) {
    yield octets.subarray(start, start + cut)
    start += cut
  }
  yield octets.subarray(start)
}
