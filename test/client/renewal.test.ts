import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock, type Clock } from '@keyline/bytes'
import { openIssuer, readCredentials, renewIfDue } from '@keyline/cli/wiring'
import { WorkOrder } from '@keyline/ledger/records'
import { describe, expect, it } from 'vitest'
import { keyline } from '../cli/support/keyline.ts'
import { temporaryFolder, writeOrder } from '../support/line.ts'
import { startTestServer } from './support/running-server.ts'

/** The clock of a station so many days from now. */
const inDays = (days: number): Clock => ({
  ...systemClock,
  now: () => Date.now() + days * 86_400_000,
})

async function readWorkOrder(folder: string): Promise<WorkOrder> {
  return WorkOrder.parse(JSON.parse(await readFile(await writeOrder(folder), 'utf8')))
}

const names = async (folder: string) => (await readdir(folder)).toSorted()

/** Fault matrix, PKI-9. */
describe('the certificate of a station', () => {
  it('is renewed when less than a third of its life is left, and not before', async () => {
    await using folder = await temporaryFolder()
    await using server = await startTestServer(folder.path)
    const path = await server.enrol('station-1', 'station')
    const before = await names(path)
    const first = await readCredentials(path, undefined)
    expect(await renewIfDue(first, inDays(59))).toMatchObject({ state: 'fresh' })

    const renewal = await renewIfDue(first, inDays(61))
    expect(renewal.state).toBe('renewed')
    const { certificate, keyPair, name } = renewal.credentials
    expect(name).toBe('station-1')
    expect(certificate.der).not.toEqual(first.certificate.der)
    expect(keyPair.publicKey.point).not.toEqual(first.keyPair.publicKey.point)
    expect((await readCredentials(path, undefined)).certificate.der).toEqual(certificate.der)
    expect(await names(path)).toEqual(before)
    const member = await server.ledger.members.get('station-1')
    expect(member?.notAfter).toBe(certificate.notAfter.getTime())
  })

  it('that cannot be renewed is warned of, and works on', async () => {
    await using folder = await temporaryFolder()
    const server = await startTestServer(folder.path)
    const path = await server.enrol('station-1', 'station')
    await server[Symbol.asyncDispose]()
    const credentials = await readCredentials(path, undefined)
    const renewal = await renewIfDue(credentials, inDays(61))
    expect(renewal).toMatchObject({
      state: 'due',
      credentials,
      warning: expect.stringMatching(/^the certificate of station-1 ends in 2[89] day\(s\)/),
    })
  })

  it.each([
    ['another process renews it', `renewal is in use by process ${process.ppid}`],
    ['its lock cannot be read', 'EISDIR'],
  ])('that is not renewed because %s is warned of, and works on', async (_, why) => {
    await using folder = await temporaryFolder()
    await using server = await startTestServer(folder.path)
    const path = await server.enrol('station-1', 'station')
    const lock = join(path, 'renewal.lock')
    await (why === 'EISDIR' ? mkdir(lock) : writeFile(lock, `${process.ppid}\n`))
    const warnings: string[] = []
    const open = async (days: number): Promise<void> => {
      const { issuer } = await openIssuer({
        address: { kind: 'rest', url: server.url },
        order: { id: 'order-1', policy: 'test', product: { vendorId: 0xfff1, productId: 0x8004 } },
        credentials: path,
        clock: inDays(days),
        onWarning: (text) => warnings.push(text),
      })
      await issuer.close()
    }
    await server.ledger.createOrder(await readWorkOrder(folder.path))
    await open(0)
    expect(warnings).toEqual([])
    await open(61)
    expect(warnings).toContainEqual(
      expect.stringMatching(/^the certificate of station-1 ends in 2[89] day.* not be renewed: /),
    )
    expect(warnings.join()).toContain(why)
  })

  it('is asked for with the same key again when an answer was lost', async () => {
    await using folder = await temporaryFolder()
    await using server = await startTestServer(folder.path)
    const path = await server.enrol('station-1', 'station')
    const first = await readCredentials(path, undefined)
    const old = {
      certificate: await readFile(join(path, 'member.cert.pem')),
      key: await readFile(join(path, 'member.key.pem')),
    }
    const renewed = await renewIfDue(first, inDays(61))
    // As if the answer had never come: the old pair stands, and the next key waits beside it.
    await rename(join(path, 'member.key.pem'), join(path, 'member.key.pem.next'))
    await writeFile(join(path, 'member.key.pem'), old.key, { mode: 0o600 })
    await writeFile(join(path, 'member.cert.pem'), old.certificate)
    const again = await renewIfDue(await readCredentials(path, undefined), inDays(61))
    expect(again.state).toBe('renewed')
    expect(again.credentials.keyPair.publicKey.point).toEqual(
      renewed.credentials.keyPair.publicKey.point,
    )
  })

  it.each([
    ['neither file', ['member.key.pem', 'member.cert.pem']],
    ['the key alone', ['member.cert.pem']],
  ])('is whole after a crash that had moved %s', async (_, waiting) => {
    await using folder = await temporaryFolder()
    await using server = await startTestServer(folder.path)
    const path = await server.enrol('station-1', 'station')
    const old = await readFile(join(path, 'member.key.pem'))
    const first = await readCredentials(path, undefined)
    const { credentials } = await renewIfDue(first, inDays(61))
    for (const file of waiting) {
      await rename(join(path, file), join(path, `${file}.next`))
      await writeFile(join(path, file), old)
    }
    const found = await readCredentials(path, undefined)
    expect(found.certificate.der).toEqual(credentials.certificate.der)
    expect(found.keyPair.publicKey.point).toEqual(credentials.keyPair.publicKey.point)
    expect((await names(path)).some((name) => name.endsWith('.next'))).toBe(false)
  })

  it('is of no use beside another key', async () => {
    await using folder = await temporaryFolder()
    await using server = await startTestServer(folder.path)
    const [one, two] = [await server.enrol('a', 'auditor'), await server.enrol('b', 'auditor')]
    await rename(join(two, 'member.key.pem'), join(one, 'member.key.pem'))
    const { code, err } = await keyline('order', 'list', '--credentials', one)
    expect(code).toBe(2)
    expect(err).toContain('do not belong together')
  })
})
