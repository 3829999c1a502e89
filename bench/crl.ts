import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import Sqlite from 'better-sqlite3'
import { fromHex, Secret, systemClock, systemRandom, toHex } from '@keyline/bytes'
import { keyPairSigner } from '@keyline/crypto'
import {
  createPki,
  defaultListPolicy,
  ListBuilder,
  openListAuthority,
  type ListAuthority,
} from '@keyline/issuer'
import { openLedger, type Ledger } from '@keyline/ledger'
import { buildCrl, type RevokedInput } from '@keyline/x509'
import { median, type Benchmark } from './framework.ts'

const count = 100_000
const rounds = 7

/** Revocation lists from a ledger, against bare encoding and signature of what is in memory already. */
export const crlBenchmark: Benchmark = {
  name: 'crl',
  title: 'revocation list of 100 000 certificates against bare DER encoding and signature',
  async *measure() {
    const { pai } = await createPki({
      vendorId: 0xfff1,
      notBefore: new Date(),
      random: systemRandom,
    })
    const signer = keyPairSigner(pai.keyPair)
    const authority = openListAuthority({ issuer: pai.certificate, signer })
    const folder = await mkdtemp(join(tmpdir(), 'keyline-bench-crl-'))
    try {
      const serials = await fill(join(folder, 'ledger.db'), authority.issuerKeyId)
      await using ledger = await openAt(join(folder, 'ledger.db'))
      yield* measureLists(ledger, authority, serials)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}

async function* measureLists(
  ledger: Ledger,
  authority: ListAuthority,
  serials: readonly string[],
): ReturnType<Benchmark['measure']> {
  const options = {
    authority,
    store: ledger.revocation,
    clock: systemClock,
    policy: defaultListPolicy,
  }
  const bare: number[] = []
  const whole: number[] = []
  const pauses: number[] = []
  // In turn, so that both see the machine in the same mood.
  for (let round = 0; round <= rounds; round++) {
    bare.push(await millisecondsOf(() => encodeAndSign(authority, serials)))
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    whole.push(await millisecondsOf(() => new ListBuilder(options).build()))
    delay.disable()
    pauses.push(delay.max / 1e6)
  }
  const value = median(whole.slice(1))
  const ceiling = median(bare.slice(1))
  yield {
    figure: 'read 100 000 revocations, encode, sign, keep / encode and sign',
    value,
    unit: 'ms',
    ceiling,
    ratio: value / ceiling,
    goal: { of: 'ratio', is: 'at most', limit: 3 },
  }
  yield {
    figure: 'longest time that other work waits meanwhile',
    value: median(pauses.slice(1)),
    unit: 'ms',
  }
  const builder = new ListBuilder(options)
  await builder.build()
  const next: number[] = []
  for (let round = 0; round < rounds; round++) {
    const serialNumber = toHex(systemRandom.bytes(8))
    const { issuerKeyId } = authority
    await ledger.revocation.revokeSerial({ issuerKeyId, serialNumber, reason: 'superseded' })
    next.push(await millisecondsOf(() => builder.build()))
  }
  yield { figure: 'the next list, one revocation later', value: median(next), unit: 'ms' }
}

/** What any issuer must do: DER of each entry, one signature over all. */
function encodeAndSign(authority: ListAuthority, serials: readonly string[]): Promise<Uint8Array> {
  const revoked = serials.map((serialNumber, index): RevokedInput => {
    return {
      serialNumber: fromHex(serialNumber),
      revokedAt: new Date(timeOf(index)),
      reason: 'keyCompromise',
    }
  })
  return buildCrl({
    issuer: authority.issuer.subject,
    authorityKeyId: authority.signerKeyId,
    thisUpdate: new Date(),
    nextUpdate: new Date(Date.now() + defaultListPolicy.lifeMs),
    number: 1,
    revoked,
    signer: authority.signer,
  })
}

/** A new second for each, as in a ledger of years. */
function timeOf(index: number): number {
  return Date.UTC(2026, 0, 1) + 1000 * index
}

/** A ledger with its revocations put in as rows: one transaction for each would take minutes. */
async function fill(file: string, issuerKeyId: string): Promise<readonly string[]> {
  await (await openAt(file)).close()
  const serials = Array.from({ length: count }, () => toHex(systemRandom.bytes(8)))
  const database = new Sqlite(file)
  try {
    database
      .prepare('insert into revocation_list (issuer_key_id, number, revocations) values (?, 0, ?)')
      .run(issuerKeyId, count)
    const insert = database.prepare(
      `insert into revocation (issuer_key_id, place, serial_number, reason, revoked_at)
       values (?, ?, ?, 'keyCompromise', ?)`,
    )
    database.transaction(() => {
      for (const [index, serial] of serials.entries()) {
        insert.run(issuerKeyId, index + 1, serial, timeOf(index))
      }
    })()
  } finally {
    database.close()
  }
  return serials
}

function openAt(file: string): Promise<Ledger> {
  return openLedger({
    database: { kind: 'sqlite', file },
    storeKey: new Secret(new Uint8Array(32).fill(7)),
    clock: systemClock,
    random: systemRandom,
    actor: 'bench',
  })
}

async function millisecondsOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}
