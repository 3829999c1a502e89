import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeUtf8, Secret, systemRandom } from '@keyline/bytes'
import { generateP256, p256ScalarOf, type P256KeyPair } from '@keyline/crypto'
import { formatPkcs11Uri, pkiFiles } from '@keyline/issuer'
import { startKeyline, type KeylineProcess } from '../cli/support/keyline.ts'
import { passphrase } from '../cli/support/pki.ts'
import { filesBelow } from '../secrets/support/places.ts'
import { SecretSearch } from '../secrets/support/search.ts'
import { secretOctets } from '../secrets/support/secret.ts'
import {
  authorityFor,
  type TestAuthority,
} from '../../packages/issuer/src/testing/test-authority.ts'
import { occurrencesInMemory } from '../signer/support/process-memory.ts'
import { examples, temporaryFolder } from '../support/line.ts'
import { modulesAtHand, TestToken } from '../support/softhsm.ts'
import { importKey } from './support/import-key.ts'
import { ServerProcesses } from './support/server-processes.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder('keyline-processes')
})
afterAll(() => folder[Symbol.asyncDispose]())

/** The PAI key, known to this test alone: made outside, so that it can be searched for. */
const pair = generateP256()
const scalar = p256ScalarOf(pair).reveal()

/** A folder with the certificates of an authority, and its key where one is given. */
async function writePki(
  name: string,
  { paa, pai }: TestAuthority,
  keyPair?: P256KeyPair,
): Promise<string> {
  const path = join(folder.path, name)
  const files = await pkiFiles({
    pki: { paa: { certificate: paa }, pai: { certificate: pai, keyPair } },
    passphrase: new Secret(encodeUtf8(passphrase)),
    random: systemRandom,
    iterations: 10_000,
  })
  mkdirSync(path)
  for (const file of files) writeFileSync(join(path, file.name), file.content)
  return path
}

function pidOf({ process: { pid } }: KeylineProcess): number {
  if (pid === undefined) throw new Error('the process has no number')
  return pid
}

/** Stops a process where it stands, so that its memory can be read whole. */
function whileStopped<T>(pid: number, look: () => T): T {
  process.kill(pid, 'SIGSTOP')
  try {
    return look()
  } finally {
    process.kill(pid, 'SIGCONT')
  }
}

describe.each(modulesAtHand())('station, server and signer with $module, a process each', () => {
  it('make the example order, and only the signer ever has the key', async () => {
    using token = new TestToken()
    importKey(token, 'pai', pair)
    const authority = await authorityFor(pair.publicKey)
    const pki = await writePki('certificates', authority)
    const home = join(folder.path, 'signer')
    const address = `unix:${join(home, 'pai.sock')}`
    const where = ['--counter', join(home, 'count'), '--pai', join(pki, 'pai.cert.pem')]
    mkdirSync(home, { mode: 0o700 })
    await using signer = startKeyline(
      ['signer', '--listen', address, '--key', formatPkcs11Uri(token.key('pai')), ...where],
      { env: token.env },
    )
    await signer.until('signer at')
    const line = join(folder.path, 'line')
    mkdirSync(line)
    await using servers = await ServerProcesses.start({
      folder: line,
      pki,
      args: ['--key', address],
    })
    const [server] = servers.servers
    await servers.enrol('station-1', 'station')
    const order = join(examples, 'work-order.json')
    await servers.asOwner('order', 'create', order)

    const issuer = ['--issuer', `https://localhost:${server.port}`]
    const own = ['--credentials', servers.credentials('station-1'), '--home', join(line, 'station')]
    const results = ['--results', join(line, 'results')]
    await using station = startKeyline(
      ['provision', order, '--slots', '2', '--fast', '--json', ...issuer, ...own, ...results],
      { cwd: line },
    )
    await station.until('"verdict":"PASS"')
    const inStation = whileStopped(pidOf(station), () =>
      occurrencesInMemory(pidOf(station), scalar),
    )
    const { code, out, err } = await station.ended
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out.match(/"verdict":"PASS"/g)).toHaveLength(8)

    expect({ inStation, inServer: occurrencesInMemory(server.pid, scalar) }).toEqual({
      inStation: 0,
      inServer: 0,
    })
    const search = new SecretSearch([secretOctets('PAI private key', scalar)])
    const files = filesBelow(folder.path)
    expect(files.map(({ name }) => name)).toContain('line/server-0/ledger.db')
    expect(search.in([...files, ...filesBelow(token.folder)])).toEqual([])
  })

  it('would be found out: a server with the key in a file has it in its memory', async () => {
    const pki = await writePki('with-key', await authorityFor(pair.publicKey), pair)
    const control = join(folder.path, 'control')
    mkdirSync(control)
    await using servers = await ServerProcesses.start({ folder: control, pki })
    expect(occurrencesInMemory(servers.servers[0].pid, scalar)).toBeGreaterThan(0)
  })
})
