import { afterEach, describe, expect, it } from 'vitest'
import { systemClock, toHex } from '@keyline/bytes'
import { generateP256, keyPairSigner } from '@keyline/crypto'
import { createListJobs, openListAuthority, type ListAuthority } from '@keyline/issuer'
import type { Ledger, StoredCrl } from '@keyline/ledger'
import {
  buildCertificate,
  basicConstraints,
  isCrlSignedBy,
  keyIdentifier,
  keyUsage,
  name,
  noExpiry,
  Oid,
  parseCrl,
  subjectKeyIdentifier,
} from '@keyline/x509'
import { LedgerBench } from '../ledger/support/bench.ts'
import { databaseKinds, openAt } from '../ledger/support/databases.ts'
import { scaled } from '../support/scale.ts'

const key = generateP256()

/** A CA of its own for the test. */
async function makeAuthority(): Promise<ListAuthority> {
  const subject = name([{ type: Oid.commonName, value: 'PAI of the test' }])
  const issuer = await buildCertificate({
    serialNumber: Uint8Array.of(1),
    issuer: subject,
    subject,
    notBefore: new Date('2026-01-01T00:00:00Z'),
    notAfter: noExpiry,
    publicKey: key.publicKey,
    extensions: [
      basicConstraints({ ca: true }),
      keyUsage(['keyCertSign', 'cRLSign']),
      subjectKeyIdentifier(keyIdentifier(key.publicKey.point)),
    ],
    signer: keyPairSigner(key),
  })
  return openListAuthority({ issuer, signer: keyPairSigner(key) })
}

describe.each(databaseKinds)(
  'revocation lists over the jobs of $name',
  ({ name: database, create }) => {
    const bench = new LedgerBench(create(), `lists ${database}`)
    bench.register()
    const ending: (() => Promise<void>)[] = []
    afterEach(async () => {
      for (const end of ending.splice(0).toReversed()) await end()
    })

    /** Runs the jobs of lists on a ledger; every list that is built goes to `take`. */
    const runLists = async (
      ledger: Ledger,
      authority: ListAuthority,
      take: (list: StoredCrl) => void,
    ): Promise<(issuerKeyId: string) => Promise<void>> => {
      const handlers = createListJobs({
        authorities: [authority],
        store: ledger.revocation,
        clock: systemClock,
        onBuilt: take,
      })
      const running = await ledger.jobs.run({ handlers, every: { 'crl.watch': 60_000 } })
      ending.push(() => running.stop())
      return (issuerKeyId) => handlers['crl.build']({ issuerKeyId })
    }

    it('hold what was revoked when they were begun, while more is revoked (RACE-7)', async () => {
      const authority = await makeAuthority()
      const { issuerKeyId } = authority
      const lists: StoredCrl[] = []
      const count = scaled(30, 2_000)
      let complete: (() => void) | undefined
      const isComplete = new Promise<void>((resolve) => (complete = resolve))
      const take = (list: StoredCrl): void => {
        lists.push(list)
        if (list.count === count) complete?.()
      }
      const build = await runLists(bench.ledger, authority, take)
      if (bench.location.kind === 'postgres') {
        const second = await openAt(bench.location)
        ending.push(() => second.close())
        await runLists(second, authority, take)
      }
      const serials: string[] = []
      const building: Promise<void>[] = []
      for (let made = 0; made < count; made++) {
        const serialNumber = bench.samples.hex(8)
        const reason = 'superseded'
        await bench.ledger.revocation.revokeSerial({ issuerKeyId, serialNumber, reason })
        serials.push(serialNumber.replace(/^(?:00)+/, ''))
        // Some lists are begun in the midst of it.
        if (made % 10 === 0) building.push(build(issuerKeyId))
      }
      await Promise.all(building)
      await isComplete
      expect(lists.length).toBeGreaterThan(1)
      for (const { der, number, count: size } of lists) {
        const crl = parseCrl(der)
        expect(isCrlSignedBy(crl, key.publicKey)).toBe(true)
        expect(toHex(crl.number ?? new Uint8Array())).toBe(toHex(numberOctets(number)))
        const listed = [...crl].map(({ serialNumber }) => toHex(serialNumber).replace(/^00/, ''))
        expect(listed).toEqual(serials.slice(0, size))
      }
      const byNumber = lists.toSorted((a, b) => a.number - b.number)
      expect(new Set(byNumber.map(({ number }) => number)).size).toBe(lists.length)
      const counts = byNumber.map(({ count: size }) => size)
      expect(counts).toEqual(counts.toSorted((a, b) => a - b))
      expect((await bench.ledger.revocation.crl(issuerKeyId))?.count).toBe(count)
    })
  },
)

/** Content of a positive INTEGER below 2^15. */
function numberOctets(number: number): Uint8Array {
  return number < 0x80 ? Uint8Array.of(number) : Uint8Array.of(number >> 8, number & 0xff)
}
