import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeUtf8, fromHex, seededRandom, toHex } from '@keyline/bytes'
import { curvePublicKey, sha256 } from '@keyline/crypto'
import { coseAlgorithms, decodeToken, instanceIdOf, verifyEnvelope } from '@keyline/eat'
import { decodeAttestationIdentity } from '@keyline/matter/pxp'
import { rebuildCertificate, requireSuccess, simulatedAuthority } from '@keyline/psa'
import { parseCertificate } from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { stm32wba65 } from '../part/part-table.ts'
import { simulatedSignerId } from '../image/measurement.ts'
import {
  deviceKeyApplication,
  deviceKeyFixture,
  exportForLevel1,
  exportWords,
  programDeviceKey,
  rsseService,
  runDeviceKeyFlow,
} from '../testing/device-key-flow.ts'
import type { ScriptedHost } from '../testing/scripted-host.ts'
import { ToolFixture, type ToolFixtureOptions } from '../testing/tool-fixture.ts'

const none = new Uint8Array(0)
const challenge = seededRandom('verifier nonce').bytes(32)
const pack2Address = 0x0bf9_fc00

interface Answers {
  readonly identity: ReturnType<typeof decodeAttestationIdentity>
  readonly token: ReturnType<typeof decodeToken>
}

async function answersOf(fixture: ToolFixture): Promise<Answers> {
  const host = await fixture.host()
  await host.send('IAKREQ')
  const identity = decodeAttestationIdentity((await host.hear('IAKRSP')) ?? none)
  await host.send('TOKREQ', challenge)
  const token = decodeToken((await host.hear('TOKEN')) ?? none)
  const publicKey = curvePublicKey('P-256', identity.publicKey.subarray(1))
  const key = { type: 'ec', publicKey } as const
  verifyEnvelope(token.envelope, { algorithm: coseAlgorithms.ES256, key })
  await host.close()
  return { identity, token }
}

async function refusalOf(host: ScriptedHost, type: 'IAKREQ' | 'TOKREQ'): Promise<string> {
  await host.send(type, type === 'TOKREQ' ? challenge : none)
  return decodeUtf8((await host.hear('ABORT')) ?? none)
}

async function withFault(
  name: NonNullable<ToolFixtureOptions['fault']>['name'],
): Promise<ToolFixture> {
  const fixture = deviceKeyFixture({ fault: { name } })
  await runDeviceKeyFlow(fixture)
  return fixture
}

describe('an STM32U385', () => {
  it('attests with its device key after the flow of a line', async () => {
    using fixture = deviceKeyFixture()
    await runDeviceKeyFlow(fixture)
    const { identity, token } = await answersOf(fixture)
    expect(toHex(identity.implementationId)).toBe(toHex(sha256(Buffer.from('STM32U3850x90'))))
    const { spki } = parseCertificate(identity.certificate)
    expect(spki.key.octets).toEqual(identity.publicKey)
    expect(token.claims).toMatchObject({
      nonce: challenge,
      securityLifecycle: 0x3000,
      instanceId: instanceIdOf(curvePublicKey('P-256', identity.publicKey.subarray(1))),
      softwareComponents: [
        {
          measurementType: 'App',
          measurementValue: sha256(deviceKeyApplication),
          version: '1.4.0',
          signerId: simulatedSignerId,
          measurementDescription: 'sha-256',
        },
      ],
    })
  })

  it('has the certificate of that key in system flash, which the programmer reads', async () => {
    using fixture = deviceKeyFixture()
    const exported = await exportForLevel1(fixture)
    const { exitCode } = await fixture.target(`-u 0x${pack2Address.toString(16)} 0x200 pack2.bin`)
    expect(exitCode).toBe(0)
    const rebuilt = rebuildCertificate(fixture.files.get('pack2.bin') ?? none, 'u3-user-fu')
    requireSuccess(rebuilt.status === 1 ? 0 : -132, 'the certificate')
    const { certificate } = rebuilt.status === 1 ? rebuilt : { certificate: none }
    const point = toHex(parseCertificate(certificate).spki.key.octets)
    expect(exported.output).toContain(`Public key  : ${point.toUpperCase()}`)
    expect(simulatedAuthority('FU').simulated).toBe(true)
    expect((await fixture.target('-u 0x0BF9FE00 0x200 pack1.bin')).exitCode).toBe(0)
    expect(fixture.files.get('pack1.bin')).toEqual(new Uint8Array(0x200).fill(0xff))
  })

  it('keeps its key through a reset', async () => {
    using fixture = deviceKeyFixture()
    await runDeviceKeyFlow(fixture)
    const before = await answersOf(fixture)
    await fixture.target('-rst')
    await fixture.boot()
    const after = await answersOf(fixture)
    expect(after.token.claims.instanceId).toEqual(before.token.claims.instanceId)
    expect(after.token.claims.bootSeed).not.toEqual(before.token.claims.bootSeed)
  })

  it('keeps its key when the process ends', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'device-key-'))
    try {
      let before: Answers | undefined
      {
        using fixture = deviceKeyFixture({ folder })
        await runDeviceKeyFlow(fixture)
        before = await answersOf(fixture)
      }
      using fixture = deviceKeyFixture({ folder })
      await fixture.boot()
      const { identity } = await answersOf(fixture)
      expect(identity).toEqual(before.identity)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('gives the same container and token again under one seed', async () => {
    const [first, second] = [deviceKeyFixture(), deviceKeyFixture()]
    for (const fixture of [first, second]) await runDeviceKeyFlow(fixture)
    expect(first.files.get('container.bin')).toEqual(second.files.get('container.bin'))
    const [one, two] = [await answersOf(first), await answersOf(second)]
    expect(one.token.envelope).toEqual(two.token.envelope)
    for (const fixture of [first, second]) fixture[Symbol.dispose]()
  })

  it.each([
    ['at RDP level 0 opens at level 1 no more', '-rssekw rsse.bin container.bin KeyType=eccchipfu'],
    [
      'for key agreement signs nothing',
      '-rssekw rsse.bin container.bin KeyType=eccchipfu KeyUsage=ECC_USAGE_SCALAR_MUL',
    ],
  ])('has a container that, exported %s', async (_, words) => {
    using fixture = deviceKeyFixture()
    expect((await fixture.target(words)).exitCode).toBe(0)
    await programDeviceKey(fixture)
    const host = await fixture.host()
    expect(await refusalOf(host, 'TOKREQ')).toContain('HARDWARE_FAILURE (-147)')
  })

  it('says that there is no container', async () => {
    using fixture = deviceKeyFixture()
    await fixture.program(0x0800_0000, deviceKeyApplication)
    await fixture.target('-rst')
    await fixture.boot()
    const host = await fixture.host()
    for (const type of ['IAKREQ', 'TOKREQ'] as const) {
      expect(await refusalOf(host, type)).toBe('the import of the key: INVALID_ARGUMENT (-135)')
    }
  })

  it('serves nothing of Matter', async () => {
    using fixture = deviceKeyFixture()
    await runDeviceKeyFlow(fixture)
    const host = await fixture.host()
    await host.send('BASIC')
    expect(decodeUtf8((await host.hear('ABORT')) ?? none)).toBe('BASIC is not served')
  })

  it('takes a container that is programmed anew', async () => {
    using fixture = deviceKeyFixture()
    const user = seededRandom('user key')
    await runDeviceKeyFlow(fixture)
    const before = await answersOf(fixture)
    await fixture.target('-ob RDP=0xAA')
    await fixture.target('-rst')
    fixture.files.set('container.bin', user.bytes(112))
    await programDeviceKey(fixture)
    const host = await fixture.host()
    expect(await refusalOf(host, 'IAKREQ')).toBe('the import of the key: INVALID_ARGUMENT (-135)')
    expect(before.identity.publicKey).toHaveLength(65)
  })
})

describe('a fault of initial attestation', () => {
  it.each([
    ['container-tampered', 'the public key: HARDWARE_FAILURE (-147)'],
    ['container-foreign', 'the public key: HARDWARE_FAILURE (-147)'],
    ['certificate-foreign', 'the certificate in system flash is that of another key'],
  ] as const)('%s shows at the first use of the key', async (name, reason) => {
    using fixture = await withFault(name)
    const host = await fixture.host()
    for (const type of ['IAKREQ', 'TOKREQ'] as const)
      expect(await refusalOf(host, type)).toBe(reason)
  })

  it('firmware-altered shows in the measurement alone', async () => {
    using fixture = await withFault('firmware-altered')
    const [component] = (await answersOf(fixture)).token.claims.softwareComponents
    expect(component?.version).toBe('1.4.0')
    expect(component?.measurementValue).not.toEqual(sha256(deviceKeyApplication))
  })

  it('token-other-nonce shows in the nonce', async () => {
    using fixture = await withFault('token-other-nonce')
    const host = await fixture.host()
    await host.send('TOKREQ', challenge)
    const { claims } = decodeToken((await host.hear('TOKEN')) ?? none)
    expect(claims.nonce).toHaveLength(32)
    expect(claims.nonce).not.toEqual(challenge)
  })

  it('rsse-stuck ends with the signal alone, and the next call succeeds', async () => {
    using fixture = deviceKeyFixture({ fault: { name: 'rsse-stuck' } })
    const stop = new AbortController()
    const call = fixture.call(`-c port=SWD sn=SIM000000001 mode=UR ${exportWords}`, stop.signal)
    const untilIdle = new Promise<'stuck'>((resolve) => setImmediate(resolve, 'stuck'))
    expect(await Promise.race([call, untilIdle])).toBe('stuck')
    stop.abort()
    await expect(call).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(fixture.files.has('container.bin')).toBe(false)
    expect((await exportForLevel1(fixture)).exitCode).toBe(0)
  })
})

describe('the command -rssekw', () => {
  it.each([
    ['of another binary', '-rssekw other.bin container.bin', 'other.bin is not an RSSe-KW binary'],
    ['without a file', '-rssekw rsse.bin', 'Wrong command line: the output file is missing'],
    [
      'with an unknown parameter',
      '-rssekw rsse.bin container.bin Key=1',
      'Key is repeated or none',
    ],
    ['with a bad user key', '-rssekw rsse.bin other.bin container.bin', 'the user key is refused'],
  ])('%s writes nothing and ends with 1', async (_, words, message) => {
    using fixture = deviceKeyFixture()
    fixture.files.set('other.bin', deviceKeyApplication)
    const { exitCode, output } = await fixture.target(words)
    expect(exitCode).toBe(1)
    expect(output).toContain(`Error: `)
    expect(output).toContain(message)
    expect(fixture.files.has('container.bin')).toBe(false)
  })

  it('wraps a user key, whose public key it tells', async () => {
    using fixture = deviceKeyFixture()
    const pem =
      '-----BEGIN EC PRIVATE KEY-----\n' +
      Buffer.concat([
        fromHex('30310201010420'),
        new Uint8Array(32).fill(0x11),
        fromHex('a00a06082a8648ce3d030107'),
      ]).toString('base64') +
      '\n-----END EC PRIVATE KEY-----\n'
    fixture.files.set('user.pem', Uint8Array.from(Buffer.from(pem)))
    const { exitCode, output } = await fixture.target(
      '-rssekw rsse.bin user.pem container.bin ExportPublicKey=Yes',
    )
    expect(output).toContain('Public key  : 04')
    expect(exitCode).toBe(0)
    expect(fixture.files.get('container.bin')).toHaveLength(112)
  })

  it('is refused by a part without a device key', async () => {
    using fixture = new ToolFixture({ part: stm32wba65, timing: 'none' })
    fixture.files.set('rsse.bin', rsseService)
    const { exitCode, output } = await fixture.target('-rssekw rsse.bin container.bin')
    expect(exitCode).toBe(1)
    expect(output).toContain('Error: RSSe-KW is not supported by this device')
  })
})
