import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseJson } from '@keyline/bytes'
import { keyline, startKeyline } from './support/keyline.ts'

const traces = 'examples/stsafe/traces'
const trace = join(traces, 'bus.txt')
const keys = ['--host-keys', 'examples/stsafe/host-keys.json']

describe('stsafe decode', () => {
  it('tells commands, fields and statuses without any key', async () => {
    const { code, out, err } = await keyline('stsafe', 'decode', trace)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain('Query host key slot V2 (14)\n')
    expect(out).toMatch(/chip {2}OK {2}presence=1 type=AES-128 counter=0\n/)
    expect(out).toMatch(/Write symmetric key wrapped \(1F09\)\n {5}host .+MAC not checked\n/)
    expect(out).toMatch(/\n8 commands, 0 without answer, 0 broken, 0 wrong MACs\n$/)
  })

  it('verifies MACs and opens what was encrypted with the host keys', async () => {
    const { code, out } = await keyline('stsafe', 'decode', trace, ...keys)
    expect(code).toBe(0)
    expect(out.match(/MAC right/g)).toHaveLength(8)
    // The envelope of the recording, before it was encrypted on its way.
    const envelope = '043c98516ba8d5721dc0d30164db9a66577314668b56cc5a3c9bc21c92e000e2'
    expect(out).toContain(`host  envelope=${envelope}  encrypted  MAC right\n`)
    expect(out).toContain('mac=be4ca3f2')
  })

  it('reads the exports of the analysers alike', async () => {
    const files = await readdir(traces)
    expect(files.toSorted()).toEqual(['bus.txt', 'saleae-logic-2.csv', 'sigrok-pulseview.txt'])
    const [first, ...others] = await Promise.all(
      files.map((file) => keyline('stsafe', 'decode', join(traces, file), ...keys, '--json')),
    )
    const document = parseJson(first?.out ?? '', 'the result')
    expect(document).toMatchObject({ ok: true, summary: { exchanges: 8, wrongMacs: 0 } })
    for (const other of others) expect(other).toEqual(first)
  })

  it('ends with 1 for a wrong MAC and for a broken frame, and says which', async () => {
    await using running = startKeyline(['stsafe', 'decode', '-', ...keys, '--counter', '5'])
    running.process.stdin?.end('W 20 e51802000000 01c70f1519d217\nR 20 110002f170\nW 20 0501\n')
    const { code, out } = await running.ended
    expect(code).toBe(1)
    expect(out).toMatch(/host .+MAC WRONG\n {5}chip {2}CHIP_ACCESS_DENIED\n/)
    expect(out).toMatch(/no command {2}command frame: (?:crc|short)\n/)
    expect(out).toMatch(/\n2 commands, 1 without answer, 1 broken, 1 wrong MACs\n$/)
  })

  it('leaves other chips on the bus out', async () => {
    const { out } = await keyline('stsafe', 'decode', trace, '--address', '33')
    expect(out).toBe('0 commands, 0 without answer, 0 broken, 0 wrong MACs\n')
  })

  it('refuses what is no trace with the line', async () => {
    const { code, out, err } = await keyline('stsafe', 'decode', 'package.json')
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain('STSAFE_TRACE: line 1')
  })
})
