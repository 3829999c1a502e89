import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openPty } from './pty.ts'

/** A tty that no serial library has set up sends CR LF for it. */
const lineFeed = 10

describe('a pseudo-terminal', () => {
  it('carries octets both ways as they are', async () => {
    const pty = await openPty()
    const tty = openSync(pty.path, 'r+')
    try {
      const heard: number[] = []
      pty.listen((octets) => heard.push(...octets))
      const all = Uint8Array.from({ length: 256 }, (_, index) => index)
      const sent = all.filter((octet) => octet !== lineFeed)
      writeSync(tty, sent)
      await expect.poll(() => heard).toEqual([...sent])
      pty.write(all)
      await expect.poll(() => readSome(tty)).toEqual([...all])
    } finally {
      closeSync(tty)
      pty.close()
    }
  })

  it.each([
    ['is not installed', () => Promise.reject(new TypeError('not found'))],
    ['has no pairs', () => Promise.resolve({ spawn: () => undefined })],
    ['is nothing', () => Promise.resolve(undefined)],
    [
      'cannot open one',
      () =>
        Promise.resolve({
          open: () => {
            throw new TypeError('no more ptys')
          },
        }),
    ],
  ])('is refused with a remedy when node-pty %s', async (_, load) => {
    await expect(openPty(load)).rejects.toMatchObject({
      code: 'BOARD_PTY',
      remedy: expect.stringContaining('node-pty'),
    })
  })
})

/** One read gives all: the octets are in the buffer of the tty before the poll asks again. */
function readSome(tty: number): readonly number[] {
  const octets = new Uint8Array(512)
  const length = readSync(tty, octets)
  return [...octets.subarray(0, length)]
}
