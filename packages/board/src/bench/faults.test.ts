import { concat, seededRandom, VirtualClock, withDeadline } from '@keyline/bytes'
import { p256PublicKey, verifyP256 } from '@keyline/crypto'
import { decodeImage, matterIds } from '@keyline/matter'
import { isSelfSigned, parseRequest } from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { faultTable, type FaultName } from '../fault/fault-table.ts'
import {
  applicationFirmware,
  BenchFixture,
  bootAddress,
  factoryDataAddress,
} from '../testing/bench-fixture.ts'
import { exchange, proofMessage, provisioningImage } from '../testing/scripted-host.ts'
import { openBench } from './bench.ts'

const none = new Uint8Array(0)
const nonce = seededRandom('nonce').bytes(32)
const challenge = seededRandom('attestation challenge').bytes(16)

function withFault(name: FaultName, at?: number): BenchFixture {
  return new BenchFixture({ fault: { name, at } })
}

function isProvenBy(point: Uint8Array | undefined, signature: Uint8Array | undefined): boolean {
  const publicKey = p256PublicKey(point ?? none)
  return verifyP256({ publicKey, message: proofMessage, signature: signature ?? none })
}

async function attested(
  bench: BenchFixture,
): Promise<{ readonly elements: Uint8Array; readonly isSigned: boolean }> {
  await bench.provision()
  const host = await bench.startApplication()
  await host.send('ATTREQ', concat(nonce, challenge))
  const elements = (await host.hear('ATTRSP')) ?? none
  const signature = (await host.hear('ATTSIG')) ?? none
  const publicKey = p256PublicKey(decodeImage(bench.region()).data.dacPublicKey ?? none)
  const message = concat(elements, challenge)
  return { elements, isSigned: verifyP256({ publicKey, message, signature }) }
}

describe('faults of the probe', () => {
  it('no-probe hides the probe and refuses every call', async () => {
    using fixture = withFault('no-probe')
    expect(await fixture.bench.list()).toEqual([])
    await expect(fixture.bench.connect(fixture.probe())).rejects.toMatchObject({
      code: 'BOARD_NO_PROBE',
      fault: 'infrastructure',
      details: { class: 'no-probe' },
    })
  })

  it('probe-lost leaves half of the download in the flash', async () => {
    using fixture = withFault('probe-lost')
    const { bench } = fixture
    const image = new Uint8Array(300_000).fill(1)
    await expect(bench.download(fixture.probe(), bootAddress, image)).rejects.toMatchObject({
      code: 'BOARD_NO_PROBE',
      details: { class: 'no-probe' },
    })
    expect(bench.board(1).flash.holds(bootAddress, image.subarray(0, 131_072))).toBe(true)
    expect(bench.board(1).flash.read(bootAddress + 131_072, 1)).toEqual(Uint8Array.of(0xff))
    await bench.download(fixture.probe(), bootAddress, image)
  })

  it('no-target-once fails one call and no other', async () => {
    using fixture = withFault('no-target-once', 2)
    await fixture.bench.connect(fixture.probe())
    await expect(fixture.bench.connect(fixture.probe())).rejects.toMatchObject({
      code: 'BOARD_NO_TARGET',
      retryable: true,
      details: { class: 'no-target' },
    })
    await fixture.bench.connect(fixture.probe())
  })

  it('no-target fails every call', async () => {
    using fixture = withFault('no-target')
    for (let call = 0; call < 3; call++) {
      await expect(fixture.bench.reset(fixture.probe())).rejects.toMatchObject({
        code: 'BOARD_NO_TARGET',
      })
    }
  })

  it('programmer-hangs until its signal fires, and leaves the probe free', async () => {
    using fixture = withFault('programmer-hangs')
    const { clock, bench } = fixture
    const call = withDeadline({ clock, ms: 60_000, what: 'the call' }, (signal) =>
      bench.connect(fixture.probe(), { signal }),
    )
    await expect(call).rejects.toMatchObject({ code: 'DEADLINE_PASSED' })
    expect(clock.monotonicMs()).toBe(60_000)
    await bench.connect(fixture.probe())
  })

  it('verify-mismatch leaves other octets in the flash and blames the board', async () => {
    using fixture = withFault('verify-mismatch')
    const image = new Uint8Array(100).fill(1)
    await expect(fixture.bench.download(fixture.probe(), bootAddress, image)).rejects.toMatchObject(
      {
        code: 'BOARD_VERIFY',
        fault: 'board',
        retryable: false,
        details: { class: 'verify' },
      },
    )
    expect(await fixture.bench.read(fixture.probe(), bootAddress, 100)).not.toEqual(image)
  })

  it('write-protected refuses to program and changes nothing', async () => {
    using fixture = withFault('write-protected')
    await expect(
      fixture.bench.download(fixture.probe(), bootAddress, Uint8Array.of(1)),
    ).rejects.toMatchObject({ code: 'BOARD_PROTECTED', details: { class: 'protection' } })
    expect(await fixture.bench.read(fixture.probe(), bootAddress, 1)).toEqual(Uint8Array.of(0xff))
  })

  it('image-corrupted passes verification and boots nothing', async () => {
    using fixture = withFault('image-corrupted', 1)
    await fixture.start(applicationFirmware)
    await fixture.clock.sleep(2000)
    expect(fixture.bench.board(1).running?.kind).toBe('inert')
    const read = await fixture.bench.read(fixture.probe(), bootAddress, applicationFirmware.length)
    expect(read).not.toEqual(applicationFirmware)
    expect(read.subarray(1)).toEqual(applicationFirmware.subarray(1))
  })

  it('uid-changes answers with another UID from its place on', async () => {
    using fixture = withFault('uid-changes')
    const first = await fixture.bench.connect(fixture.probe())
    const second = await fixture.bench.connect(fixture.probe())
    expect(second.uid).not.toEqual(first.uid)
  })
})

describe('faults of the serial line', () => {
  it('port-busy refuses the port', async () => {
    using fixture = withFault('port-busy')
    await expect(fixture.bench.open('sim:1')).rejects.toMatchObject({ code: 'BOARD_PORT_BUSY' })
  })

  it('port-vanishes ends the session', async () => {
    using fixture = withFault('port-vanishes', 500)
    await fixture.prepare()
    const host = await fixture.host()
    expect((await exchange(host)).finish).toBeUndefined()
    expect(host.isPortGone).toBe(true)
    expect((await exchange(await fixture.host())).finish).toBe('000')
  })

  it('flood sends more than any host takes', async () => {
    using fixture = withFault('flood')
    await fixture.prepare()
    const host = await fixture.host()
    await host.sync()
    await fixture.clock.sleep(120_000)
    expect(host.transcript.length).toBe('Start_provisioning PXP/1\n'.length + 131_072)
    expect(host.transcript.split('\n').length).toBe(2)
  })
})

describe('faults of the dialogue', () => {
  it('silent answers nothing', async () => {
    using fixture = withFault('silent')
    expect((await fixture.provision()).transcript).toBe('')
  })

  it('silent-after-start answers Init alone', async () => {
    using fixture = withFault('silent-after-start')
    const { transcript, finish } = await fixture.provision()
    expect(finish).toBeUndefined()
    expect(transcript).toBe('Start_provisioning PXP/1\n')
  })

  it('stale-finish reports success before the start', async () => {
    using fixture = withFault('stale-finish')
    await fixture.prepare()
    const host = await fixture.host()
    const { finish } = await exchange(host, 'production')
    expect(host.transcript).toMatch(/^finish:000\nStart_provisioning/)
    expect(finish).toBe('020')
  })

  it('finish-at-once reports success without an exchange', async () => {
    using fixture = withFault('finish-at-once')
    const { finish, ident } = await fixture.provision()
    expect(finish).toBe('000')
    expect(ident).toBeUndefined()
    expect(decodeImage(fixture.region()).data.dacCertificate).toBeUndefined()
  })

  it('finish-in-pieces has no line end, and octets behind it', async () => {
    using fixture = withFault('finish-in-pieces')
    const { finish, transcript } = await fixture.provision()
    expect(finish).toBe('000')
    expect(transcript).not.toContain('finish:000\n')
    expect(transcript).toContain('finish:000')
  })

  it.each([
    [undefined, '014'],
    [999, '999'],
  ])('finish-code %s ends a good session with %s', async (at, code) => {
    using fixture = withFault('finish-code', at)
    const { finish, proof } = await fixture.provision()
    expect(finish).toBe(code)
    expect(proof).toBeDefined()
  })

  it('ident-other-uid names another board', async () => {
    using fixture = withFault('ident-other-uid')
    const { ident } = await fixture.provision()
    expect(ident).not.toContain(Buffer.from(fixture.bench.board(1).uid).toString('hex'))
  })

  it('restart-before-commit comes back with another key and no credentials', async () => {
    using fixture = withFault('restart-before-commit')
    await fixture.prepare()
    const host = await fixture.host()
    const first = await exchange(host)
    expect(first.finish).toBeUndefined()
    expect(decodeImage(fixture.region()).data.dacCertificate).toBeUndefined()
    host.restart()
    const second = await exchange(host)
    expect(second.finish).toBe('000')
    expect(second.csr).not.toEqual(first.csr)
  })

  it('restart-after-commit comes back provisioned', async () => {
    using fixture = withFault('restart-after-commit')
    await fixture.prepare()
    const host = await fixture.host()
    const first = await exchange(host)
    expect(first.stored).toBeUndefined()
    expect(decodeImage(fixture.region()).data.dacCertificate).toEqual(first.dac)
    host.restart()
    expect((await exchange(host)).finish).toBe('015')
  })

  it('restart-at-message strikes at every message of the session', async () => {
    for (let at = 1; at <= 10; at++) {
      using fixture = withFault('restart-at-message', at)
      await fixture.prepare()
      const host = await fixture.host()
      expect((await exchange(host)).finish, `message ${at}`).toBeUndefined()
      host.restart()
      expect(['000', '015'], `message ${at}`).toContain((await exchange(host)).finish)
    }
    using fixture = withFault('restart-at-message', 11)
    expect((await fixture.provision()).finish).toBe('000')
  })
})

describe('faults of request, storage and proof', () => {
  it('csr-bad-signature does not verify', async () => {
    using fixture = withFault('csr-bad-signature')
    const { csr } = await fixture.provision()
    expect(isSelfSigned(parseRequest(csr ?? none))).toBe(false)
  })

  it('csr-foreign-vendor names another vendor', async () => {
    using fixture = withFault('csr-foreign-vendor')
    const { csr } = await fixture.provision()
    const request = parseRequest(csr ?? none)
    expect(isSelfSigned(request)).toBe(true)
    expect(matterIds(request.subject).vendorId).toBe(0xfff2)
  })

  it('cloned-key gives two boards the same public key', async () => {
    const faults = [1, 2].map((slot) => ({ slot, name: 'cloned-key' as const }))
    using fixture = new BenchFixture({ slots: 3, faults })
    const points: (Uint8Array | undefined)[] = []
    for (const slot of [1, 2, 3]) {
      const { csr } = await fixture.provision(slot)
      points.push(parseRequest(csr ?? none).publicPoint)
    }
    expect(points[1]).toEqual(points[0])
    expect(points[2]).not.toEqual(points[0])
  })

  it('csr-of-other-board replays the request of the board before', async () => {
    using fixture = new BenchFixture({
      slots: 2,
      faults: [{ slot: 2, name: 'csr-of-other-board' }],
    })
    const first = await fixture.provision(1)
    const second = await fixture.provision(2)
    expect(second.csr).toEqual(first.csr)
    expect(second.finish).toBe('012')
  })

  it('flash-refuses ends with 014 and leaves the flash unchanged', async () => {
    using fixture = withFault('flash-refuses')
    expect((await fixture.provision()).finish).toBe('014')
    expect(decodeImage(fixture.region()).data.dacCertificate).toBeUndefined()
  })

  it('stores-nothing claims success, and the flash does not show it', async () => {
    using fixture = withFault('stores-nothing')
    const { finish, stored, proof, csr } = await fixture.provision()
    expect({ finish, stored }).toEqual({ finish: '000', stored: '{"store":"flash"}' })
    expect(isProvenBy(parseRequest(csr ?? none).publicPoint, proof)).toBe(true)
    expect(decodeImage(fixture.region()).data.dacCertificate).toBeUndefined()
  })

  it('flash-bit-flip changes one bit of the region after it was verified', async () => {
    using good = new BenchFixture()
    await good.provision()
    using fixture = withFault('flash-bit-flip', 100)
    expect((await fixture.provision()).finish).toBe('000')
    expect(fixture.region()[99]).toBe((good.region()[99] ?? 0) ^ 1)
  })

  it('proof-other-key signs with a key that is not certified', async () => {
    using fixture = withFault('proof-other-key')
    const { finish, proof } = await fixture.provision()
    expect(finish).toBe('000')
    expect(isProvenBy(decodeImage(fixture.region()).data.dacPublicKey, proof)).toBe(false)
  })
})

describe('faults of the application', () => {
  it('attestation-other-key does not verify', async () => {
    using fixture = withFault('attestation-other-key')
    expect((await attested(fixture)).isSigned).toBe(false)
  })

  it('attestation-other-declaration signs a changed declaration', async () => {
    using fixture = withFault('attestation-other-declaration')
    const { elements, isSigned } = await attested(fixture)
    const declaration = decodeImage(fixture.region()).data.certificationDeclaration ?? none
    expect(isSigned).toBe(true)
    expect(Buffer.from(elements).includes(Buffer.from(declaration))).toBe(false)
  })

  it('attestation-other-nonce signs another nonce', async () => {
    using fixture = withFault('attestation-other-nonce')
    const { elements, isSigned } = await attested(fixture)
    expect(isSigned).toBe(true)
    expect(Buffer.from(elements).includes(Buffer.from(nonce))).toBe(false)
  })
})

describe('the place of a fault', () => {
  it('is one slot', async () => {
    using fixture = new BenchFixture({ slots: 2, faults: [{ slot: 2, name: 'no-target' }] })
    await fixture.bench.connect(fixture.probe(1))
    await expect(fixture.bench.connect(fixture.probe(2))).rejects.toMatchObject({
      code: 'BOARD_NO_TARGET',
    })
  })

  it('is one board of the slot when it says so', async () => {
    using fixture = new BenchFixture({ fault: { name: 'no-target', board: 2 } })
    await fixture.bench.connect(fixture.probe())
    fixture.bench.insertFreshBoard(1)
    await expect(fixture.bench.connect(fixture.probe())).rejects.toMatchObject({
      code: 'BOARD_NO_TARGET',
    })
    fixture.bench.insertFreshBoard(1)
    await fixture.bench.connect(fixture.probe())
  })

  it('must be a slot of the bench', () => {
    const faults = [{ slot: 3, name: 'silent' as const }]
    expect(() => openBench({ slots: 2, clock: new VirtualClock(), faults })).toThrow(
      /fault silent in slot 3 cannot be simulated on 2 slots/,
    )
  })

  it('leaves other flows alone: a fault that is never reached changes nothing', async () => {
    const names = Object.keys(faultTable).length
    expect(names).toBeGreaterThan(30)
    using fixture = withFault('octet-lost', 1_000_000)
    await fixture.bench.download(fixture.probe(), factoryDataAddress, provisioningImage())
    expect((await fixture.provision()).finish).toBe('000')
  })
})
