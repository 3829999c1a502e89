import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { keyline } from '../cli/support/keyline.ts'
import { liveCertificates, unitsIn } from '../line/support/outcome.ts'
import { homeOf, temporaryFolder, writeOrder } from '../support/line.ts'
import { writeIssuingProgram } from './support/issuing-program.ts'

it('a line whose certificates come from a program of the operator makes its boards', async () => {
  await using folder = await temporaryFolder()
  const program = await writeIssuingProgram(join(folder.path, 'pki'))
  const { code, out, err } = await keyline(
    'provision',
    await writeOrder(folder.path, { quantity: 2 }),
    '--slots',
    '2',
    '--fast',
    '--json',
    '--issuer',
    `exec:${program}`,
    '--paa',
    join(folder.path, 'pki', 'paa.cert.pem'),
    '--pai',
    join(folder.path, 'pki', 'pai.cert.pem'),
    '--home',
    homeOf(folder.path),
    '--results',
    join(folder.path, 'results'),
  )
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out.match(/"verdict":"PASS"/g)).toHaveLength(2)
  expect((await unitsIn(folder.path)).map(liveCertificates)).toEqual([1, 1])
  const answers = await readdir(join(folder.path, 'pki', 'answers'))
  expect(answers.filter((name) => name.endsWith('.der'))).toHaveLength(2)
})
