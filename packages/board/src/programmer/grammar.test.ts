import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GrammarRefusal, parseProgrammerCommand } from './grammar.ts'

interface ArgvVector {
  readonly id: string
  readonly argv: readonly string[]
  readonly operations?: readonly unknown[]
}

const { vectors }: { readonly vectors: readonly ArgvVector[] } = JSON.parse(
  readFileSync(
    new URL('../../../../test/vectors/matter/programmer-cli/argv.json', import.meta.url),
    'utf8',
  ),
)
const connect = ['-c', 'port=SWD']

describe('a command line of the programmer', () => {
  it.each(vectors)('$id', ({ argv, operations }) => {
    if (operations === undefined) {
      expect(() => parseProgrammerCommand(argv)).toThrow(GrammarRefusal)
    } else {
      expect(parseProgrammerCommand(argv)).toEqual(operations)
    }
  })

  it('has at least the cases that were published', () => {
    expect(vectors.length).toBeGreaterThanOrEqual(21)
  })

  it('splits a word with a dash and blanks, and keeps a path with blanks', () => {
    const words = [...connect, '-d', 'my file.bin', '0x10', '-ob nSWboot0=0 nboot1=1']
    expect(parseProgrammerCommand(words).slice(1)).toEqual([
      { cmd: 'download', file: 'my file.bin', address: 16 },
      { cmd: 'optionBytes', values: { nSWboot0: 0, nboot1: 1 } },
    ])
  })

  it.each([
    [['-e', '[3', '5]'], { cmd: 'erase', from: 3, to: 5 }],
    [['-e', '7'], { cmd: 'erase', from: 7, to: 7 }],
    [
      ['-fwupgrade', 'f.bin', '0x1', 'startstack=1'],
      { cmd: 'firmwareUpgrade', file: 'f.bin', address: 1, startstack: 1 },
    ],
    [['-ob', 'displ'], { cmd: 'optionBytesDisplay' }],
    [['-S', '0x20'], { cmd: 'run', address: 32 }],
    [['-d', 'a.hex'], { cmd: 'download', file: 'a.hex' }],
  ])('reads %j', (words, operation) => {
    expect(parseProgrammerCommand([...connect, ...words])[1]).toEqual(operation)
  })

  it.each([
    ['-foo'],
    ['word'],
    ['-c'],
    ['-c', 'mode=UR'],
    [...connect, '-d'],
    [...connect, '-ob'],
    [...connect, '-ob', 'RDP'],
    [...connect, '-ob', 'RDP=x'],
    [...connect, '-e'],
    [...connect, '-r8', '0x10'],
    [...connect, '-w32', '0x10'],
    [...connect, '-wusrkey', 'k.bin'],
    [...connect, '-lockRDP2'],
    [...connect, '-d', 'a.bin', '12345678901234567'],
  ])('refuses %j', (...argv) => {
    expect(() => parseProgrammerCommand(argv)).toThrow(GrammarRefusal)
  })

  it('answers any words with operations or a refusal', () => {
    const word = fc.oneof(
      fc.constantFrom('-c', 'port=SWD', '-d', '-v', '-ob', '-e', 'all', '0x10', 'a.bin', '-rst'),
      fc.string({ maxLength: 12 }),
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (argv) => {
        try {
          expect(Array.isArray(parseProgrammerCommand(argv))).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(GrammarRefusal)
        }
      }),
    )
  })
})
