import { encodeUtf8, toHex } from '@keyline/bytes'
import { p256PublicKey, sha256, verifyP256 } from '@keyline/crypto'
import { decodeImage, matterIds } from '@keyline/matter'
import { encodeHello } from '@keyline/matter/pxp'
import { isSelfSigned, parseRequest } from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { BenchFixture } from '../testing/bench-fixture.ts'
import {
  certify,
  exchange,
  product,
  proofMessage,
  provisioningImage,
  type ScriptedHost,
} from '../testing/scripted-host.ts'

const none = new Uint8Array(0)

async function started(bench: BenchFixture, image?: Uint8Array): Promise<ScriptedHost> {
  await bench.prepare(1, image)
  const host = await bench.host()
  await host.sync()
  return host
}

/** What the board sends and keeps under a seed. */
async function replayed(seed: string): Promise<{ transcript: string; key: Uint8Array }> {
  using bench = new BenchFixture({ seed })
  const { transcript } = await bench.provision()
  return { transcript, key: decodeImage(bench.region()).data.dacPrivateKey?.reveal() ?? none }
}

/** Up to the request of the board. */
async function requested(bench: BenchFixture): Promise<{ host: ScriptedHost; csr: Uint8Array }> {
  const host = await started(bench)
  await host.send('HELLO', encodeHello({ mode: 'test' }))
  await host.hear('IDENT')
  return { host, csr: (await host.hear('CSR')) ?? none }
}

describe('provisioning firmware X1', () => {
  it('runs the session of the specification to finish:000', async () => {
    using bench = new BenchFixture()
    const result = await bench.provision()
    expect(JSON.parse(result.ident ?? '')).toEqual({
      v: 1,
      uid: toHex(bench.bench.board(1).uid),
      device: '0x4B0',
      stores: ['flash'],
      state: 'empty',
    })
    expect(result.stored).toBe('{"store":"flash"}')
    expect(result.finish).toBe('000')
    expect(result.transcript).toMatch(/^Start_provisioning PXP\/1\n[^]*finish:000\n$/)
  })

  it('asks for a certificate in the name of its factory data', async () => {
    using bench = new BenchFixture()
    const { csr } = await bench.provision()
    const request = parseRequest(csr ?? none)
    expect(isSelfSigned(request)).toBe(true)
    expect(matterIds(request.subject)).toMatchObject({ vendorId: 0xfff1, productId: 0x8004 })
  })

  it('writes the credentials behind the records it found, and proves the stored key', async () => {
    using bench = new BenchFixture()
    const { dac, pai, proof } = await bench.provision()
    const { data } = decodeImage(bench.region())
    expect(data).toMatchObject({ ...product, dacCertificate: dac, paiCertificate: pai })
    const publicKey = p256PublicKey(data.dacPublicKey ?? none)
    const signature = proof ?? none
    expect(verifyP256({ publicKey, message: proofMessage, signature })).toBe(true)
  })

  it('never sends its private key', async () => {
    using bench = new BenchFixture()
    const { transcript } = await bench.provision()
    const scalar = decodeImage(bench.region()).data.dacPrivateKey?.reveal() ?? none
    expect(scalar.length).toBe(32)
    const payloads = [...transcript.matchAll(/@\w+ \d+ \d+\/\d+ ([\w-]+) /g)].map(([, text]) =>
      Buffer.from(text ?? '', 'base64url'),
    )
    expect(payloads.length).toBeGreaterThan(10)
    expect(payloads.some((payload) => payload.includes(Buffer.from(scalar)))).toBe(false)
    expect(transcript.includes(toHex(scalar))).toBe(false)
  })

  it('answers 020 in mode production, since the part has no secure storage', async () => {
    using bench = new BenchFixture()
    await bench.prepare()
    const before = bench.region()
    const result = await exchange(await bench.host(), 'production')
    expect(result.finish).toBe('020')
    expect(result.csr).toBeUndefined()
    expect(bench.region()).toEqual(before)
  })

  it('repeats its result three times, and acknowledges a repeated DONE', async () => {
    using bench = new BenchFixture()
    await bench.provision()
    const host = await bench.host()
    await bench.clock.sleep(60_000)
    expect(host.transcript).toBe('finish:000\n'.repeat(3))
    expect(await host.send('HELLO', encodeHello({ mode: 'test' }))).toBe(false)
    expect(host.transcript).toMatch(/@NAK 0 1\/1/)
  })

  it('answers 015 when it has credentials already', async () => {
    using bench = new BenchFixture()
    await bench.provision()
    const before = bench.region()
    const again = await exchange(await bench.host())
    expect(again.finish).toBe('015')
    expect(again.ident).toContain('"state":"provisioned"')
    expect(bench.region()).toEqual(before)
  })

  it.each([
    ['an erased region', Uint8Array.of(0xff), '001'],
    ['an image without records', Uint8Array.of(0xac, 0xac, 0xac, 0xac), '001'],
    ['an image with an empty record', Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0), '003'],
    ['a serial number beyond its buffer', provisioningImage({ serialNumber: 'x' }), '001'],
  ])('reports %s', async (_, image, code) => {
    using bench = new BenchFixture()
    await bench.prepare(1, image)
    expect((await exchange(await bench.host())).finish).toBe(code)
  })

  it('answers 017 when no HELLO comes within 5 s', async () => {
    using bench = new BenchFixture()
    const host = await started(bench)
    const start = bench.clock.monotonicMs()
    expect(await host.heardFinish()).toBe('017')
    expect(bench.clock.monotonicMs() - start).toBeGreaterThan(4990)
    expect(bench.clock.monotonicMs() - start).toBeLessThan(5010)
  })

  it('answers 017 when the host is silent for 30 s in the session', async () => {
    using bench = new BenchFixture()
    const { host } = await requested(bench)
    expect(await host.heardFinish(29_000)).toBeUndefined()
    expect(await host.heardFinish(2000)).toBe('017')
  })

  it.each([
    ['{"v":2,"mode":"test"}', '018'],
    ['{"v":1,"mode":"best"}', '018'],
    ['not json', '018'],
  ])('answers HELLO %s with %s', async (hello, code) => {
    using bench = new BenchFixture()
    const host = await started(bench)
    await host.send('HELLO', encodeUtf8(hello))
    expect(await host.heardFinish()).toBe(code)
  })

  it('answers 012 to a certificate for another key', async () => {
    using bench = new BenchFixture({ slots: 2 })
    const { host } = await requested(bench)
    const other = await bench.provision(2)
    await host.send('DAC', other.dac)
    await host.send('PAI', other.pai)
    expect(await host.heardFinish()).toBe('012')
  })

  it('answers 011 to what is no certificate, or longer than its buffer', async () => {
    for (const length of [100, 601]) {
      using bench = new BenchFixture()
      const { host, csr } = await requested(bench)
      const { pai } = await certify(csr)
      await host.send('DAC', new Uint8Array(length))
      await host.send('PAI', pai)
      expect(await host.heardFinish()).toBe('011')
    }
  })

  it('answers 016 when the commitment does not fit, and stores nothing', async () => {
    using bench = new BenchFixture()
    const { host, csr } = await requested(bench)
    const before = bench.region()
    const { dac, pai } = await certify(csr)
    await host.send('DAC', dac)
    await host.send('PAI', pai)
    await host.send('COMMIT', sha256(pai, dac))
    expect(await host.heardFinish()).toBe('016')
    expect(bench.region()).toEqual(before)
  })

  it.each(['ABORT', 'PAI', 'CHAL', 'DONE', 'HELLO'] as const)(
    'answers 016 to %s in place of the certificate',
    async (type) => {
      using bench = new BenchFixture()
      const { host } = await requested(bench)
      await host.send(type, encodeUtf8('x'))
      expect(await host.heardFinish()).toBe('016')
    },
  )

  it('ignores frames before Init', async () => {
    using bench = new BenchFixture()
    await bench.prepare()
    const host = await bench.host()
    await bench.clock.sleep(2000)
    expect(await host.send('HELLO', encodeHello({ mode: 'test' }))).toBe(false)
    expect(host.transcript).toBe('')
  })

  it('begins anew when the host says Init in the middle of a session', async () => {
    using bench = new BenchFixture()
    const first = await requested(bench)
    first.host.restart()
    const result = await exchange(first.host)
    expect(result.finish).toBe('000')
    expect(result.csr).not.toEqual(first.csr)
  })

  it('makes another key after a restart, and finds its flash as it was', async () => {
    using bench = new BenchFixture()
    const first = await requested(bench)
    await bench.bench.reset(bench.probe())
    first.host.restart()
    const result = await exchange(first.host)
    expect(result.finish).toBe('000')
    expect(parseRequest(result.csr ?? none).publicPoint).not.toEqual(
      parseRequest(first.csr).publicPoint,
    )
  })

  it('sends the same octets for the same seed, and others for another seed', async () => {
    const [first, second, other] = [await replayed('a'), await replayed('a'), await replayed('b')]
    expect(second.transcript).toBe(first.transcript)
    expect(other.transcript).not.toBe(first.transcript)
    expect(second.key).toEqual(first.key)
    expect(other.key).not.toEqual(first.key)
  })

  it('survives noise in both directions', async () => {
    for (const at of [1500, 1999, 2500]) {
      using bench = new BenchFixture({ fault: { name: 'noise', at } })
      expect((await bench.provision()).finish).toBe('000')
      expect(decodeImage(bench.region()).findings).toEqual([])
    }
  })

  it.each(['octet-lost', 'octet-doubled', 'octet-corrupted'] as const)(
    'repeats what %s has broken, wherever it strikes',
    async (name) => {
      for (let at = 30; at < 4200; at += 190) {
        using bench = new BenchFixture({ fault: { name, at } })
        expect((await bench.provision()).finish, `octet ${at}`).toBe('000')
      }
    },
  )
})
