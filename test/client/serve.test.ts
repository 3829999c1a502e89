import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { keyline, startKeyline } from '../cli/support/keyline.ts'
import { homeOf, temporaryFolder, writeOrder } from '../support/line.ts'

async function succeed(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await keyline(...args)
  if (code !== 0) throw new Error(`keyline ${args.join(' ')} ended with ${code}: ${out}${err}`)
  return out
}

function textOf(json: string, member: string): string {
  const object: Readonly<Record<string, unknown>> = JSON.parse(json)
  return String(object[member])
}

it('from nothing to boards that pass, with the issuer in a process of its own', async () => {
  await using folder = await temporaryFolder()
  const at = (...names: readonly string[]): string => join(folder.path, ...names)
  const passphrase = at('passphrase')
  await writeFile(passphrase, 'correct horse battery\n', { mode: 0o600 })
  await succeed(
    'pki',
    'init',
    '--vid',
    '0xFFF1',
    '--out',
    at('pki'),
    '--passphrase-file',
    passphrase,
  )

  const args = ['--listen', '127.0.0.1:0', '--host-name', 'localhost', '--home', at('server')]
  const keys = ['--pki', at('pki'), '--passphrase-file', passphrase]
  await using server = startKeyline(['serve', '--init', '--json', ...args, ...keys])
  await server.until('{"listening"')
  const started = server.said.split('\n').find((line) => line.startsWith('{"listening"')) ?? ''
  const { listening }: { readonly listening: { readonly port: number } } = JSON.parse(started)
  const where = [
    '--server',
    `https://localhost:${listening.port}`,
    '--ca',
    textOf(started, 'caFile'),
  ]

  const owner = ['--credentials', at('owner')]
  const token = ['--token-file', textOf(started, 'tokenFile')]
  await succeed('enroll', '--name', 'owner', ...where, ...token, ...owner)
  await writeFile(at('token'), await succeed('member', 'invite', 'station-1', ...owner))
  const station = ['--credentials', at('station')]
  await succeed('enroll', '--name', 'station-1', ...where, '--token-file', at('token'), ...station)

  const order = await writeOrder(folder.path, { quantity: 2 })
  await succeed('order', 'create', order, ...owner)
  const issuer = ['--issuer', where[1] ?? '', ...station]
  const results = ['--home', homeOf(folder.path), '--results', at('results')]
  await succeed('provision', order, '--slots', '2', '--fast', ...issuer, ...results)

  await succeed('order', 'close', 'order-1', ...owner)
  const listed = await succeed('order', 'list', ...owner)
  expect(listed).toMatch(
    /^id +state +certificatesUsed +certificateLimit +policy\norder-1 +closed +2 /,
  )
})
