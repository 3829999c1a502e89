import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { keyline, startKeyline } from './support/keyline.ts'

let folder: string

beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'kr-'))))
afterEach(() => rm(folder, { recursive: true }))

/** The lines of the first shell block of a page, with its files in the folder of the test, without comments. */
async function shellOf(room: string): Promise<readonly string[]> {
  const page = await readFile(resolve('packages', room, 'README.md'), 'utf8')
  const block = /```sh\n([^]*?)```/.exec(page)?.[1] ?? ''
  return block
    .replaceAll(/\b(chip\.json|chip\.sock|key\.hex|root\.pem)\b/g, (name) => join(folder, name))
    .replaceAll(/ (?:#.*|&)$/gm, '')
    .split('\n')
    .filter((line) => line !== '')
}

/** The arguments of a line that calls the program. */
function argumentsOf(line = ''): readonly string[] {
  const [npx, program, ...args] = line.split(' ')
  expect([npx, program]).toEqual(['npx', 'keyline'])
  return args
}

it('the page of the host library provisions a key and lets the chip verify its MAC', async () => {
  const [setting = '', key = '', ...calls] = await shellOf('stsafe')
  const device = setting.replace('export KEYLINE_STSAFE=', '')
  expect(device).toBe(`sim:${join(folder, 'chip.json')}`)
  const [, digits = '', file = ''] = /^\(umask 077; echo ([0-9a-f]{32}) > (\S+)\)$/.exec(key) ?? []
  await writeFile(file, `${digits}\n`, { mode: 0o600 })

  const printed: string[] = []
  for (const line of calls) {
    const { code, out, err } = await keyline(...argumentsOf(line), '--device', device)
    expect({ line, code, err }).toEqual({ line, code: 0, err: '' })
    printed.push(out)
  }
  expect(printed).toHaveLength(5)
  expect(printed[2]).toContain('AES-128 CMAC')
  expect(printed[3]).toBe('be4ca3f2\n')
  expect(printed[4]).toBe('the MAC is valid\n')
})

it('the page of the chip serves it on sockets, where its certificate is proven', async () => {
  const [simulate, authenticate, inTime = ''] = await shellOf('stsafe-sim')
  await using chip = startKeyline(argumentsOf(simulate))
  await chip.until('kept in')
  const proven = await keyline(...argumentsOf(authenticate))
  expect(proven).toMatchObject({ code: 0, err: '' })

  await using slow = startKeyline(argumentsOf(inTime.replace(':7120', ':0')))
  await slow.until('tcp:127.0.0.1:')
})
