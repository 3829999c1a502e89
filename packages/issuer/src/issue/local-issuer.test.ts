import { seededRandom, toHex, VirtualClock } from '@keyline/bytes'
import { generateP256, keyPairSigner, p256Spki, sha256, type Signer } from '@keyline/crypto'
import { checkChain, checkDac, matterIds } from '@keyline/matter'
import { attributeText, parseCertificate, readName } from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { scaled } from '../../../../test/support/scale.ts'
import { MemoryIssuanceStore } from '../testing/memory-store.ts'
import { csrOf, testLine, testPki, today } from '../testing/test-line.ts'
import type { IssuanceProspect, IssuanceQuestion } from './issuance-store.ts'
import { createLocalIssuer, type DacRequest } from './local-issuer.ts'

const request = async (changed: Partial<DacRequest> = {}): Promise<DacRequest> => ({
  orderId: 'O-1',
  unitId: 'U-1',
  idempotencyKey: 'K-1',
  csr: await csrOf(),
  ...changed,
})

const stranger = keyPairSigner(generateP256())

const nothing = (): void => undefined

/** A store whose next look ahead is old when it arrives, so that another request can overtake. */
class HeldStore extends MemoryIssuanceStore {
  #held: { readonly arrive: () => void; readonly released: Promise<void> } | undefined

  /** `arrived` ends when a request waits; `release` lets it go on. */
  hold(): { readonly arrived: Promise<void>; readonly release: () => void } {
    let release = nothing
    const released = new Promise<void>((resolve) => (release = resolve))
    const arrived = new Promise<void>((arrive) => (this.#held = { arrive, released }))
    return { arrived, release }
  }

  override async prospect(question: IssuanceQuestion): Promise<IssuanceProspect> {
    const held = this.#held
    this.#held = undefined
    const seen = await super.prospect(question)
    held?.arrive()
    await held?.released
    return seen
  }
}

/** A signer that answers with these octets. */
const answering = (signer: Signer, sign: Signer['sign']): Signer => ({
  publicKey: signer.publicKey,
  sign,
})

describe('the issuer in process', () => {
  it('gives a chain of the profile for the key of the board, with ids and serial of the order', async () => {
    const { issuer, pki } = await testLine()
    const board = generateP256()
    const chain = await issuer.issue(await request({ csr: await csrOf(board) }))
    const [dac, pai, paa] = [chain.dac, chain.pai, chain.paa].map(parseCertificate)
    if (dac === undefined || pai === undefined || paa === undefined) throw new Error('no chain')
    expect(checkDac(chain.dac)).toEqual([])
    expect(checkChain({ dac, pai, paa })).toEqual([])
    expect(dac.publicPoint).toEqual(board.publicKey.point)
    expect(matterIds(dac.subject)).toMatchObject({
      vendorId: 0xfff1,
      productId: 0x8004,
      encoding: 'oid',
    })
    expect(readName(dac.subject).map(attributeText)).toContain('Matter DAC SN-0001')
    expect([dac.notBefore, dac.notAfter]).toEqual([today, pai.notAfter])
    expect(chain.pai).toEqual(pki.pai.certificate)
  })

  it('takes name and end from its options', async () => {
    const notAfter = new Date('2046-06-01T00:00:00Z')
    const { issuer } = await testLine({ commonName: '{unit} of {serial} {x}', notAfter })
    const dac = parseCertificate((await issuer.issue(await request())).dac)
    expect(readName(dac.subject).map(attributeText)).toContain('U-1 of SN-0001 {x}')
    expect(dac.notAfter).toEqual(notAfter)
  })

  it('records key, issuer and a positive serial number of at most 64 bits with each certificate', async () => {
    const { issuer, store, pki } = await testLine()
    const board = generateP256()
    const { dac } = await issuer.issue(await request({ csr: await csrOf(board) }))
    const pai = parseCertificate(pki.pai.certificate)
    const [entry] = store.entries()
    expect(entry).toMatchObject({
      orderId: 'O-1',
      unitId: 'U-1',
      idempotencyKey: 'K-1',
      certificate: dac,
    })
    expect(entry?.spkiSha256).toBe(toHex(sha256(p256Spki(board.publicKey.point))))
    expect(entry?.serialNumber).toMatch(/^[0-7][0-9a-f]{15}$/)
    expect(toHex(pai.der)).toContain(`0414${entry?.issuerKeyId}`)
  })
})

describe('asked again', () => {
  it('gives the same octets and uses nothing up, whatever became of the order', async () => {
    const { issuer, store } = await testLine()
    const asked = await request()
    const first = await issuer.issue(asked)
    store.addOrder({ orderId: 'O-1', state: 'closed', certificatesUsed: 1 })
    expect(await issuer.issue(asked)).toEqual({ ...first, replayed: true })
    expect(store.entries()).toHaveLength(1)
  })

  it('refuses the key for another request, unit or order', async () => {
    const { issuer } = await testLine()
    const asked = await request()
    await issuer.issue(asked)
    for (const changed of [{ csr: await csrOf() }, { unitId: 'U-2' }, { orderId: 'O-2' }]) {
      await expect(issuer.issue({ ...asked, ...changed })).rejects.toMatchObject({
        code: 'ISSUER_IDEMPOTENCY_CONFLICT',
        fault: 'infrastructure',
      })
    }
  })

  it('never joins a certificate of an earlier PAI with the present one', async () => {
    const { issuer, store, clock } = await testLine()
    const asked = await request()
    await issuer.issue(asked)
    const pki = await testPki({ commonNames: { pai: 'The next PAI' } })
    const next = await createLocalIssuer({
      store,
      clock,
      signer: keyPairSigner(pki.pai.keyPair),
      pai: pki.pai.certificate,
      paa: pki.paa.certificate,
      random: seededRandom('next'),
    })
    await expect(next.issue(asked)).rejects.toMatchObject({ code: 'ISSUER_PAI_ROTATED' })
  })

  it('by many at once gives all of them the one certificate', async () => {
    const { issuer, store } = await testLine()
    store.addOrder({ orderId: 'O-1', certificateLimit: 1 })
    const asked = await request()
    const answers = await Promise.all(Array.from({ length: 16 }, () => issuer.issue(asked)))
    expect(new Set(answers.map(({ dac }) => toHex(dac))).size).toBe(1)
    expect(store.entries()).toHaveLength(1)
  })

  it('gives the certificate of a twin that was recorded between its look ahead and its record', async () => {
    const store = new HeldStore()
    const { issuer } = await testLine({ store })
    store.addOrder({ orderId: 'O-1', certificateLimit: 1 })
    const asked = await request()
    const { arrived, release } = store.hold()
    const held = issuer.issue(asked)
    await arrived
    const first = await issuer.issue(asked)
    release()
    expect(await held).toEqual({ ...first, replayed: true })
    expect(store.entries()).toHaveLength(1)
  })

  it('by many with different requests gives one of them a certificate and the others a conflict', async () => {
    const { issuer, store } = await testLine()
    const asked = await Promise.all(Array.from({ length: 8 }, () => request()))
    const answers = await Promise.allSettled(asked.map((one) => issuer.issue(one)))
    const refusals = answers.filter((answer) => answer.status === 'rejected')
    expect(refusals).toHaveLength(7)
    expect(refusals.map(({ reason }) => reason)).toEqual(
      refusals.map(() => expect.objectContaining({ code: 'ISSUER_IDEMPOTENCY_CONFLICT' })),
    )
    expect(store.entries()).toHaveLength(1)
  })
})

describe('a refusal', () => {
  it('of a bad request is the fault of the board and names the rule', async () => {
    const { issuer } = await testLine()
    await expect(issuer.issue(await request({ csr: Uint8Array.of(0x30) }))).rejects.toMatchObject({
      code: 'ISSUER_REQUEST_REFUSED',
      fault: 'board',
      details: { rule: 'CSR-01' },
    })
  })

  it('of a key that a device or a CA has already is not the fault of the board', async () => {
    const { issuer, pki } = await testLine()
    const board = generateP256()
    await issuer.issue(await request({ csr: await csrOf(board) }))
    for (const pair of [board, pki.pai.keyPair, pki.paa.keyPair]) {
      const asked = await request({ idempotencyKey: 'K-2', unitId: 'U-2', csr: await csrOf(pair) })
      await expect(issuer.issue(asked)).rejects.toMatchObject({
        code: 'ISSUER_KEY_KNOWN',
        fault: 'operator',
        details: { rule: 'CSR-07' },
      })
    }
  })

  it.each([
    ['ISSUER_ORDER_UNKNOWN', { orderId: 'O-9' }, {}],
    ['ISSUER_ORDER_CLOSED', {}, { state: 'closed' as const }],
    ['ISSUER_QUOTA_REACHED', {}, { certificateLimit: 3, certificatesUsed: 3 }],
    ['ISSUER_POLICY_MISMATCH', {}, { policy: 'production' as const }],
    ['ISSUER_UNIT_UNKNOWN', { unitId: 'U-77' }, {}],
    ['ISSUER_RULE_BROKEN', {}, { vendorId: 0xfff2 }],
  ])('%s is an error of ours and uses nothing up', async (code, changed, order) => {
    const { issuer, store } = await testLine()
    store.addOrder({ orderId: 'O-1', ...order })
    const refusal = issuer.issue(await request(changed))
    await expect(refusal).rejects.toMatchObject({ code })
    await expect(refusal).rejects.not.toMatchObject({ fault: 'board' })
    expect(store.entries()).toEqual([])
  })

  it('of a closed or used-up order comes before anything is signed', async () => {
    const pki = await testPki()
    const good = keyPairSigner(pki.pai.keyPair)
    let signed = 0
    const signer = answering(good, (message) => {
      signed++
      return good.sign(message)
    })
    const { issuer, store } = await testLine({ signer })
    for (const order of [{ state: 'closed' as const }, { certificateLimit: 0 }]) {
      store.addOrder({ orderId: 'O-1', ...order })
      await expect(issuer.issue(await request())).rejects.toBeDefined()
    }
    expect(signed).toBe(1)
  })

  it('comes for all but one of many who want the last certificate of an order', async () => {
    const rounds = scaled(4, 100)
    for (let round = 0; round < rounds; round++) {
      const { issuer, store } = await testLine()
      store.addOrder({ orderId: 'O-1', certificateLimit: 3, certificatesUsed: 2 })
      const asked = await Promise.all(
        Array.from({ length: 32 }, (_, place) => request({ idempotencyKey: `K-${place}` })),
      )
      const answers = await Promise.allSettled(asked.map((one) => issuer.issue(one)))
      expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(store.entries()).toHaveLength(1)
    }
  })

  it('of an interrupted request comes before anything is recorded', async () => {
    const { issuer, store } = await testLine()
    const signal = AbortSignal.abort()
    await expect(issuer.issue(await request(), { signal })).rejects.toMatchObject({
      code: 'INTERRUPTED',
    })
    expect(store.entries()).toEqual([])
  })

  it('of a name that makes the certificate too large is the operator’s, not a bug', async () => {
    const { issuer } = await testLine({ commonName: '😀'.repeat(64) })
    await expect(issuer.issue(await request())).rejects.toMatchObject({
      code: 'ISSUER_RULE_BROKEN',
    })
  })
})

describe('a signer', () => {
  it.each([
    ['fails', () => Promise.reject(new Error('no such slot'))],
    ['answers something that is no signature', () => Promise.resolve(Uint8Array.of(1, 2, 3))],
    ['signs with another key', (message: Uint8Array) => stranger.sign(message)],
  ])('that %s after the probe costs nothing and releases nothing', async (_, sign) => {
    const pki = await testPki()
    const good = keyPairSigner(pki.pai.keyPair)
    let signed = 0
    const { issuer, store } = await testLine({
      signer: answering(good, (message) => (signed++ === 0 ? good.sign(message) : sign(message))),
    })
    await expect(issuer.issue(await request())).rejects.toMatchObject({
      code: 'ISSUER_SIGNER_FAILED',
      fault: 'infrastructure',
      retryable: true,
    })
    expect(store.entries()).toEqual([])
  })

  it('that never answers is given up at the deadline', async () => {
    const pki = await testPki()
    const clock = new VirtualClock(today.getTime())
    const signer = answering(keyPairSigner(pki.pai.keyPair), () => new Promise(() => undefined))
    await expect(testLine({ signer, clock, signTimeoutMs: 500 })).rejects.toMatchObject({
      code: 'ISSUER_SIGNER_FAILED',
      cause: { code: 'DEADLINE_PASSED' },
    })
    expect(clock.monotonicMs()).toBe(500)
  })

  it('whose probe does not verify is not taken', async () => {
    const pki = await testPki()
    const signer = answering(keyPairSigner(pki.pai.keyPair), (message) => stranger.sign(message))
    await expect(testLine({ signer })).rejects.toMatchObject({ code: 'ISSUER_SIGNER_FAILED' })
  })
})

describe('the clock', () => {
  it('that stands before the build is refused, at the start and for each certificate', async () => {
    let now = today.getTime()
    const clock = new (class extends VirtualClock {
      override now(): number {
        return now
      }
    })()
    const buildDate = today.getTime()
    const { issuer } = await testLine({ clock, buildDate })
    now -= 1
    await expect(issuer.issue(await request())).rejects.toMatchObject({
      code: 'ISSUER_CLOCK_WRONG',
    })
    await expect(testLine({ clock, buildDate })).rejects.toMatchObject({
      code: 'ISSUER_CLOCK_WRONG',
    })
  })
})
