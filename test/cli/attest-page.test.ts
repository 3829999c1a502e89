import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { verifierSettings } from '@keyline/server'
import { freePort } from '../support/free-port.ts'
import { attestDesk, type AttestDesk } from './support/attester.ts'
import { keyline, startKeyline } from './support/keyline.ts'

const challenge = '3c'.repeat(32)

let desk: AttestDesk
let page: string
beforeAll(async () => {
  desk = await attestDesk()
  page = await readFile(resolve('docs/attestation.md'), 'utf8')
})
afterAll(() => desk[Symbol.asyncDispose]())

/** The arguments of the calls in a shell block of the page, with its files in the folder of the test. */
function callsOf(block: number): ReadonlyArray<readonly string[]> {
  const [, text = ''] = [...page.matchAll(/```sh\n([^]*?)```/g)][block] ?? []
  const files =
    /\b(my-device|token\.hex|batch\.corim|(?:key|leaf|ca)\.pem|line-1\.key)\b|(?<=--home )verifier\b/g
  return text
    .replaceAll(files, (name) => desk.path(name))
    .replaceAll('$challenge', challenge)
    .split('\n')
    .filter((line) => line.startsWith('keyline '))
    .map((line) => line.split(' ').slice(1))
}

async function run(args: readonly string[]): Promise<string> {
  const { code, out, err } = await keyline(...args)
  expect({ args, code, err: code === 0 ? '' : err }).toEqual({ args, code: 0, err: '' })
  return out
}

it('the commands of docs/attestation.md run as they are written', async () => {
  const printed: string[] = []
  for (const args of callsOf(0)) printed.push(await run(args))
  expect(printed.length).toBe(5)
  expect(page).toContain('\nverdict         genuine, affirming\n')
  expect(printed[4]?.startsWith('verdict         genuine, affirming\n')).toBe(true)
  for (const args of callsOf(1)) printed.push(await run(args))
  expect(printed.at(-1)).toMatch(/certified for/)

  const port = String(await freePort())
  const [add = [], serve = [], ...asked] = callsOf(2).map((args) =>
    args.map((arg) => arg.replace('8080', port)),
  )
  await run(add)
  expect(serve.at(-1)).toBe('&')
  await using service = startKeyline(serve.slice(0, -1))
  await service.until('verifying at')
  const [submitted, attested] = [await run(asked[0] ?? []), await run(asked[1] ?? [])]
  expect(submitted).toContain('is accepted')
  expect(attested).toContain('"PSA_IOT"  affirming')
})

it('the settings of the page are settings of the service', () => {
  const [, text = ''] = /```json\n([^]*?)```/.exec(page) ?? []
  expect(verifierSettings.parse(JSON.parse(text))).toMatchObject({ nonce: { singleUse: true } })
})

it('the examples are settings of the service and rules of an owner', async () => {
  const settings = await readFile(resolve('examples/attestation/verifier.json'), 'utf8')
  expect(verifierSettings.parse(JSON.parse(settings))).toMatchObject({
    psa: { acceptDebug: false },
  })
  const [device, token, corim] = ['old', 'old.hex', 'old.corim'].map((name) => desk.path(name))
  const image = await desk.file('app.bin', 'an application')
  await desk.device('old', '--firmware', `App@0.9.0=${image}`)
  await desk.text(
    'token',
    '--device',
    `sim:${device}`,
    '--challenge',
    challenge,
    '--out',
    token ?? '',
  )
  await desk.text('endorse', 'make', '--device', `sim:${device}`, '--out', corim ?? '')
  const verify = ['verify', token ?? '', '--nonce', challenge, '--trust', corim ?? '']
  expect(await desk.text(...verify)).toMatch(/genuine, affirming/)
  const policy = ['--policy', 'examples/attestation/policy.json']
  expect(await desk.text(...verify, ...policy)).toMatch(/genuine, warning/)
})
