import { fromHex, toHex } from '@keyline/bytes'
import {
  generateCurveKeyPair,
  generateP256,
  keyPairSigner,
  type P256PublicKey,
  type WeierstrassCurve,
} from '@keyline/crypto'
import { instanceIdOf } from '@keyline/eat'
import { basicConstraints, buildCertificate, name, Oid, type Extension } from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import type { Evidence, VerdictRecord } from '@keyline/ledger/records'
import { Samples, verdict } from '../../support/sample.ts'
import type { AttestationBench } from '../support.ts'
import { hashOf, implementationId, instanceOf, within } from './samples.ts'

function commonName(value: string): Uint8Array {
  return name([{ type: Oid.commonName, value }])
}

function passWith(...evidence: readonly Evidence[]): VerdictRecord {
  return { ...verdict('PASS'), evidence: [...evidence] }
}

/** Devices that the line makes, or that are registered by their certificate. */
export function deviceCases(bench: AttestationBench): void {
  const samples = new Samples('attestation devices')

  /** A device with a key of its own, as a board shows it. */
  const newDevice = (curve: WeierstrassCurve = 'P-256') => {
    const { publicKey } = generateCurveKeyPair(curve, bench.random)
    return { instanceId: instanceIdOf(publicKey), point: publicKey.octets }
  }
  type Device = ReturnType<typeof newDevice>

  const shown = ({ instanceId, point }: Device, change: Partial<Evidence['facts']> = {}) => ({
    kind: 'attestation-key' as const,
    ok: true,
    facts: {
      implementationId: toHex(implementationId),
      instanceId: toHex(instanceId),
      publicKey: `04${toHex(point)}`,
      certificateSha256: 'aa'.repeat(32),
      ...change,
    },
  })
  /** A unit with a certificate that has not been decided. */
  const newUnit = async () => {
    const reserved = await bench.ledger.reserve('order-1', samples.draw)
    const id = reserved?.unit.id ?? ''
    await bench.ledger.bind(id, samples.boardUid())
    await bench.ledger.record(samples.entry(id))
    const [certificate] = await bench.ledger.certificateRecords(id)
    return { id, certificateSha256: certificate?.sha256 ?? '' }
  }
  const made = async (device = newDevice()) => {
    const unit = await newUnit()
    await bench.ledger.decide(unit.id, passWith(shown(device)))
    return { ...unit, device }
  }
  /** As every process sees it, once it has heard of it. */
  const stateOf = async ({ instanceId }: Device) => {
    await bench.heard()
    const states: unknown[] = []
    for (const { trust } of [bench.record.tenant('0'), bench.other.tenant('0')]) {
      states.push((await trust.findAnchor(implementationId, instanceId))?.state)
    }
    expect(states[0]).toBe(states[1])
    return states[0]
  }

  describe('a unit that passes', () => {
    it.each(['P-256', 'P-384', 'P-521'] as const)(
      'is trusted with its key on %s',
      async (curve) => {
        const { id, device } = await made(newDevice(curve))
        expect(await stateOf(device)).toBe('active')
        const { trust } = bench.other.tenant('0')
        const anchor = await trust.findAnchor(implementationId, device.instanceId)
        expect(anchor?.key).toEqual({ type: 'ec', curve, point: device.point })
        expect(await bench.audited('device.registered')).toContainEqual({
          actor: 'line',
          tenant: '0',
          unit: id,
          implementation: toHex(implementationId),
          instance: toHex(device.instanceId),
        })
      },
    )

    it('is trusted in the transaction of its verdict or not at all', async () => {
      const device = newDevice()
      for (const change of [
        { publicKey: `04${'00'.repeat(64)}` },
        { publicKey: '0400' },
        { instanceId: '01' },
        { implementationId: 'not hexadecimal' },
        { publicKey: `02${toHex(device.point)}` },
      ]) {
        const { id } = await newUnit()
        const decided = bench.ledger.decide(id, passWith(shown(device, change)))
        await expect(decided).rejects.toMatchObject({ code: 'LEDGER_DEVICE_KEY' })
        expect((await bench.ledger.unit(id))?.verdict).toBeUndefined()
      }
      expect(await stateOf(device)).toBeUndefined()
    })

    it('does not take the key of another unit, nor of an instance with another key', async () => {
      const { device } = await made()
      const clone = await newUnit()
      const taken = { code: 'LEDGER_DEVICE_TAKEN' }
      const decided = bench.ledger.decide(clone.id, passWith(shown(device)))
      await expect(decided).rejects.toMatchObject(taken)
      const thief = { ...newDevice(), instanceId: device.instanceId }
      await expect(bench.ledger.decide(clone.id, passWith(shown(thief)))).rejects.toMatchObject(
        taken,
      )
      expect(await stateOf(device)).toBe('active')
      await bench.ledger.decide(clone.id, passWith(shown(newDevice())))
    })

    it('takes over the key that a CoRIM has named before', async () => {
      const { instanceId, point } = newDevice()
      const key = { type: 'ec', curve: 'P-256', point } as const
      await within(bench.record.tenant('0').endorsements, (transaction) =>
        transaction.addAnchor({ implementationId, instanceId, key }, { replace: false }),
      )
      const { id } = await made({ instanceId, point })
      await bench.ledger.aftercare.scrap({ unitId: id, reason: 'defective' })
      expect(await stateOf({ instanceId, point })).toBe('revoked')
    })
  })

  describe('a unit that was trusted is trusted no more', () => {
    it('once it is scrapped', async () => {
      const { id, device } = await made()
      expect(await stateOf(device)).toBe('active')
      await bench.ledger.aftercare.scrap({ unitId: id, reason: 'defective' })
      expect(await stateOf(device)).toBe('revoked')
      expect(await bench.audited('device.revoked')).toContainEqual({
        actor: 'line',
        tenant: '0',
        unit: id,
        instance: toHex(device.instanceId),
      })
    })

    it('once its certificate is revoked', async () => {
      const { certificateSha256, device } = await made()
      await bench.ledger.revocation.revoke({ certificateSha256, reason: 'keyCompromise' })
      expect(await stateOf(device)).toBe('revoked')
    })

    it('on its old board, once it is reworked on another; the new one is', async () => {
      const { id, device } = await made()
      const { aftercare } = bench.ledger
      await aftercare.rework({ unitId: id, reason: 'board-replaced', onNewBoard: true })
      expect(await stateOf(device)).toBe('revoked')
      const next = newDevice()
      await bench.ledger.bind(id, samples.boardUid())
      await bench.ledger.record(samples.entry(id))
      await bench.ledger.decide(id, passWith(shown(next)))
      expect(await stateOf(next)).toBe('active')
      expect(await stateOf(device)).toBe('revoked')
    })

    it('once it is reworked in place and fails; with its key it can come back', async () => {
      const { id, device } = await made()
      const { aftercare } = bench.ledger
      await aftercare.rework({ unitId: id, reason: 'returned', onNewBoard: false })
      expect(await stateOf(device)).toBe('active')
      await bench.ledger.decide(id, verdict('FAIL', 'CHAIN'))
      expect(await stateOf(device)).toBe('revoked')
      await aftercare.rework({ unitId: id, reason: 'returned', onNewBoard: false })
      await bench.ledger.record(samples.entry(id))
      await bench.ledger.decide(id, passWith(shown(device)))
      expect(await stateOf(device)).toBe('active')
    })

    it('with an earlier key, once it has passed with another one', async () => {
      const { id, device } = await made()
      const { aftercare } = bench.ledger
      await aftercare.rework({ unitId: id, reason: 'returned', onNewBoard: false })
      const next = newDevice()
      await bench.ledger.decide(id, passWith(shown(next)))
      expect([await stateOf(device), await stateOf(next)]).toEqual(['revoked', 'active'])
    })
  })

  describe('authorities of device certificates', () => {
    const notBefore = new Date('2024-01-01T00:00:00Z')
    const notAfter = new Date('2054-01-01T00:00:00Z')
    const time = notBefore.getTime() / 1000
    const serial = '01187c33e368c347cdc0'
    const root = generateP256()
    const leaf = generateP256()
    const certificate = async (
      subject: string,
      publicKey: P256PublicKey,
      extensions: readonly Extension[] = [],
    ) =>
      buildCertificate({
        serialNumber: fromHex(serial),
        issuer: commonName('root'),
        subject: commonName(subject),
        notBefore,
        notAfter,
        publicKey,
        extensions,
        signer: keyPairSigner(root),
      })
    const made = async () => {
      const point = leaf.publicKey.point.slice(1)
      return {
        rootDer: await certificate('root', root.publicKey, [basicConstraints({ ca: true })]),
        chain: [await certificate(`acme-${serial}`, leaf.publicKey)],
        instanceId: instanceIdOf({ curve: 'P-256', octets: point, handle: leaf.publicKey.handle }),
        point,
      }
    }

    it('are trusted, listed and taken out, for every process', async () => {
      const { name: tenant, here, there } = bench.fresh()
      const { rootDer } = await made()
      expect((await there.trust.certificateTrust()).anchors).toEqual([])
      const sha256 = await here.authorities.trust({ certificate: rootDer })
      const settings = { subjectPrefixes: ['acme-'], acceptUnregistered: true }
      expect(await here.authorities.trust({ certificate: rootDer, ...settings })).toBe(sha256)
      expect(await there.authorities.list()).toEqual([
        { sha256, subject: 'root', certificate: rootDer, addedAt: expect.any(Number), ...settings },
      ])
      await here.authorities.deny({ kind: 'serial-number', value: serial, reason: 'stolen' })
      await here.authorities.deny({ kind: 'serial-number', value: serial, reason: 'again' })
      await here.authorities.deny({ kind: 'subject', value: 'x', reason: 'lost' })
      await bench.heard()
      const trust = await there.trust.certificateTrust()
      expect(trust.anchors).toMatchObject([settings])
      expect(trust.denied?.serialNumbers).toEqual(new Set([serial]))
      expect(await there.authorities.denied()).toEqual([
        { kind: 'serial-number', value: serial, reason: 'stolen' },
        { kind: 'subject', value: 'x', reason: 'lost' },
      ])
      expect(await here.authorities.allow({ kind: 'subject', value: 'x' })).toBe(true)
      expect(await here.authorities.allow({ kind: 'subject', value: 'x' })).toBe(false)
      expect(await here.authorities.remove(sha256)).toBe(true)
      expect(await here.authorities.remove(sha256)).toBe(false)
      await bench.heard()
      expect((await there.trust.certificateTrust()).anchors).toEqual([])
      const notes = await bench.audited('certificate.denied')
      expect(notes.filter((note) => note['tenant'] === tenant)).toHaveLength(2)
      const bad = here.authorities.trust({ certificate: hashOf('no certificate') })
      await expect(bad).rejects.toMatchObject({ name: expect.stringContaining('Error') })
    })

    it('let a certified key be registered once (trust on first certificate)', async () => {
      const { name: tenant, here } = bench.fresh()
      const { rootDer, chain, instanceId, point } = await made()
      const device = { implementationId, instanceId, chain, time }
      const unknown = { code: 'E_KEY_UNKNOWN' }
      await expect(here.devices.registerCertified(device)).rejects.toMatchObject(unknown)
      await here.authorities.trust({ certificate: rootDer, subjectPrefixes: ['acme-'] })
      const other = { ...device, instanceId: instanceOf('another') }
      await expect(here.devices.registerCertified(other)).rejects.toMatchObject({
        code: 'E_INSTANCE_ID_BINDING',
      })
      expect(await here.devices.registerCertified(device)).toBe(true)
      expect(await here.devices.registerCertified(device)).toBe(false)
      expect(await here.trust.findAnchor(implementationId, instanceId)).toMatchObject({
        key: { type: 'ec', curve: 'P-256', point },
        source: undefined,
      })
      const notes = await bench.audited('device.registered')
      expect(notes.filter((note) => note['tenant'] === tenant)).toHaveLength(1)
    })

    it('do not let a certified key take an instance that has another one', async () => {
      const { here } = bench.fresh()
      const { rootDer, chain, instanceId } = await made()
      await here.authorities.trust({ certificate: rootDer, subjectPrefixes: ['acme-'] })
      const key = { type: 'ec', curve: 'P-256', point: newDevice().point } as const
      await within(here.endorsements, (transaction) =>
        transaction.addAnchor({ implementationId, instanceId, key }, { replace: false }),
      )
      const device = { implementationId, instanceId, chain, time }
      await expect(here.devices.registerCertified(device)).rejects.toMatchObject({
        code: 'LEDGER_DEVICE_TAKEN',
      })
    })
  })
}
