import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeResult, writeWhole } from './write-file.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-results-'))
  path = join(folder, 'manifest.json')
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

/** A call that may throw, as a promise that may reject. */
async function tried(act: () => void): Promise<void> {
  act()
}

describe.each([
  ['writeResult', writeResult],
  ['writeWhole', writeWhole],
])('%s', (_, write) => {
  it('writes texts and octets, with the rights that are asked for', () => {
    write(path, 'é\n')
    expect([...readFileSync(path)]).toEqual([0xc3, 0xa9, 0x0a])
    expect(statSync(path).mode & 0o077).toBe(0o044)
    const secret = join(folder, 'onboarding.svg')
    write(secret, Uint8Array.of(0, 255), { mode: 0o600 })
    expect([...readFileSync(secret)]).toEqual([0, 255])
    expect(statSync(secret).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder).toSorted()).toEqual(['manifest.json', 'onboarding.svg'])
  })

  it('replaces what was there, longer or shorter', () => {
    for (const content of ['long and longer', 'short', '']) {
      write(path, content)
      expect(readFileSync(path, 'utf8')).toBe(content)
    }
  })

  it('names the file that could not be written', async () => {
    const missing = join(folder, 'missing', 'file')
    await expect(tried(() => write(missing, 'x'))).rejects.toMatchObject({
      code: 'STATION_RESULTS',
      fault: 'infrastructure',
      message: expect.stringContaining(missing),
      cause: { code: 'ENOENT' },
    })
  })
})

describe('writeWhole', () => {
  it('leaves the old file whole when the new one does not get its place', async () => {
    writeWhole(path, 'old')
    mkdirSync(`${path}.part`)
    await expect(tried(() => writeWhole(path, 'new'))).rejects.toMatchObject({
      code: 'STATION_RESULTS',
    })
    expect(readFileSync(path, 'utf8')).toBe('old')
  })

  it('does not mind what a killed process left half written', () => {
    writeFileSync(`${path}.part`, 'half of something much lo')
    writeWhole(path, 'whole')
    expect(readFileSync(path, 'utf8')).toBe('whole')
    expect(readdirSync(folder)).toEqual(['manifest.json'])
  })

  it('fails when a folder stands in the place of the file', async () => {
    mkdirSync(path)
    await expect(tried(() => writeWhole(path, 'x'))).rejects.toMatchObject({
      code: 'STATION_RESULTS',
    })
  })
})
