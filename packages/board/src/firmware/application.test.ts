import { readFileSync } from 'node:fs'
import { concat, decodeUtf8, equalOctets, Secret, seededRandom } from '@keyline/bytes'
import { p256PublicKey, verifyP256 } from '@keyline/crypto'
import { decodeImage, decodeTlv, encodeImage } from '@keyline/matter'
import { decodeBasic } from '@keyline/matter/pxp'
import { describe, expect, it } from 'vitest'
import { BenchFixture, factoryDataAddress } from '../testing/bench-fixture.ts'
import { firmware } from '../testing/flows.ts'
import { developmentCredentials } from './development-credentials.ts'
import { product, type ScriptedHost } from '../testing/scripted-host.ts'

const vectors = new URL('../../../../test/vectors/matter/factory-data/', import.meta.url)
const stock = (name: string): Uint8Array => Uint8Array.from(readFileSync(new URL(name, vectors)))
const none = new Uint8Array(0)
const nonce = seededRandom('nonce').bytes(32)
const challenge = seededRandom('attestation challenge').bytes(16)

async function running(bench: BenchFixture, image: Uint8Array): Promise<ScriptedHost> {
  await bench.bench.download(bench.probe(), factoryDataAddress, image)
  return bench.startApplication()
}

describe('the application', () => {
  it('reports the attributes of ST’s stock image', async () => {
    using bench = new BenchFixture()
    const host = await running(bench, stock('full-fff1-8004.bin'))
    await host.send('BASIC')
    const answer = decodeBasic((await host.hear('BASIC')) ?? none)
    const { data } = decodeImage(stock('full-fff1-8004.bin'))
    expect(answer).toMatchObject({
      vendorId: 0xfff1,
      productId: 0x8004,
      vendorName: data.vendorName,
      productName: data.productName,
      serialNumber: data.serialNumber,
      hardwareVersion: data.hardwareVersion,
      softwareVersion: 0x0001_0203,
      softwareVersionString: '1.2.3',
    })
  })

  it('shows test credentials when it was built without factory data', async () => {
    using bench = new BenchFixture()
    await bench.bench.download(bench.probe(), factoryDataAddress, stock('full-fff1-8004.bin'))
    await bench.start(firmware('application', { readsFactoryData: false }))
    await bench.clock.sleep(2000)
    const host = await bench.host()
    await host.send('BASIC')
    const answer = decodeBasic((await host.hear('BASIC')) ?? none)
    expect(answer).toMatchObject({ vendorId: 0xfff1, vendorName: 'TEST_VENDOR' })
    await host.send('ATTREQ', concat(nonce, challenge))
    const elements = (await host.hear('ATTRSP')) ?? none
    const signature = (await host.hear('ATTSIG')) ?? none
    const publicKey = p256PublicKey(developmentCredentials().key.publicKey)
    expect(verifyP256({ publicKey, message: concat(elements, challenge), signature })).toBe(true)
  })

  it('attests with the key, the declaration and the nonce', async () => {
    using bench = new BenchFixture()
    const image = stock('full-fff1-8004.bin')
    const host = await running(bench, image)
    await host.send('ATTREQ', concat(nonce, challenge))
    const elements = (await host.hear('ATTRSP')) ?? none
    const signature = (await host.hear('ATTSIG')) ?? none

    const { data } = decodeImage(image)
    const publicKey = p256PublicKey(data.dacPublicKey ?? none)
    expect(verifyP256({ publicKey, message: concat(elements, challenge), signature })).toBe(true)
    expect(elements.subarray(0, 3)).toEqual(Uint8Array.of(0x15, 0x31, 1))
    const declaration = data.certificationDeclaration ?? none
    expect(equalOctets(elements.subarray(5, 5 + declaration.length), declaration)).toBe(true)
    expect(Buffer.from(elements).includes(Buffer.from(nonce))).toBe(true)
    expect(() => decodeTlv(elements)).not.toThrow()
  })

  it('answers one request after the other', async () => {
    using bench = new BenchFixture()
    const host = await running(bench, stock('full-fff1-8004.bin'))
    for (let round = 0; round < 3; round++) {
      await host.send('BASIC')
      expect(await host.hear('BASIC')).toBeDefined()
    }
  })

  it.each([
    ['without a key', 'provisioning-fff1-8004.bin', 48, 'the device has no attestation key'],
    ['of another length', 'full-fff1-8004.bin', 47, 'ATTREQ has 47 octets'],
  ])('aborts an attestation request %s', async (_, file, length, reason) => {
    using bench = new BenchFixture()
    const host = await running(bench, stock(file))
    await host.send('ATTREQ', new Uint8Array(length))
    expect(decodeUtf8((await host.hear('ABORT')) ?? none)).toBe(reason)
  })

  it('aborts an attestation request when the stored key is no key', async () => {
    using bench = new BenchFixture()
    const image = encodeImage({ ...product, dacPrivateKey: new Secret(new Uint8Array(32)) })
    const host = await running(bench, image)
    await host.send('ATTREQ', new Uint8Array(48))
    expect(decodeUtf8((await host.hear('ABORT')) ?? none)).toBe('KEY_INVALID')
  })

  it('aborts BASIC when there is no factory data', async () => {
    using bench = new BenchFixture()
    const host = await bench.startApplication()
    await host.send('BASIC')
    expect(decodeUtf8((await host.hear('ABORT')) ?? none)).toBe('record 22: PARAM_ERROR')
  })

  it.each(['HELLO', 'CHAL', 'DONE'] as const)('aborts %s', async (type) => {
    using bench = new BenchFixture()
    const host = await running(bench, stock('full-fff1-8004.bin'))
    await host.send(type)
    expect(decodeUtf8((await host.hear('ABORT')) ?? none)).toBe(`${type} is not served`)
  })

  it('takes a host that opens the port anew', async () => {
    using bench = new BenchFixture()
    const first = await running(bench, stock('full-fff1-8004.bin'))
    await first.send('BASIC')
    await first.hear('BASIC')
    await first.close()
    const second = await bench.host()
    expect(await second.send('ATTREQ', concat(nonce, challenge))).toBe(true)
    expect(await second.hear('ATTRSP')).toBeDefined()
  })

  it('does not answer Init', async () => {
    using bench = new BenchFixture()
    const host = await running(bench, stock('full-fff1-8004.bin'))
    expect(await host.sync()).toBe(false)
    expect(host.transcript).toBe('')
  })

  it('attests after provisioning with the key that the board has made', async () => {
    using bench = new BenchFixture()
    await bench.provision()
    const host = await bench.startApplication()
    await host.send('ATTREQ', concat(nonce, challenge))
    const elements = (await host.hear('ATTRSP')) ?? none
    const signature = (await host.hear('ATTSIG')) ?? none
    const publicKey = p256PublicKey(decodeImage(bench.region()).data.dacPublicKey ?? none)
    expect(verifyP256({ publicKey, message: concat(elements, challenge), signature })).toBe(true)
  })
})
