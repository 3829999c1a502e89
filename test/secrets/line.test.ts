import { chmodSync, mkdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { BytesError } from '@keyline/bytes'
import { homeOf, temporaryFolder } from '../support/line.ts'
import { isAllowed, leaksAmong } from './support/allowed.ts'
import { flashesBelow } from './support/board-flash.ts'
import { benchOf, ObservedLine } from './support/observe.ts'
import { filesBelow } from './support/places.ts'
import { SecretSearch } from './support/search.ts'

describe('the secrets of a line', () => {
  it('are nowhere but where they belong, after good, bad, broken-off and resumed boards', async () => {
    await using folder = await temporaryFolder('keyline-secrets')
    const line = await ObservedLine.in(folder.path)
    await line.run({
      id: 'faults',
      slots: 8,
      quantity: 8,
      faults: [
        { slot: 2, name: 'stores-nothing' },
        { slot: 3, name: 'proof-other-key' },
        { slot: 4, name: 'silent-after-start' },
        { slot: 5, name: 'attestation-other-nonce' },
        { slot: 6, name: 'restart-after-commit' },
        { slot: 7, name: 'port-vanishes', at: 2000 },
        { slot: 8, name: 'no-target' },
      ],
    })
    await line.run({
      id: 'flips',
      slots: 8,
      quantity: 8,
      faults: [41, 80, 140, 160, 240, 330, 700, 1000].map((at, index) => ({
        slot: index + 1,
        name: 'flash-bit-flip' as const,
        at,
      })),
    })
    const interrupt = new AbortController()
    await line.run({
      id: 'stopped',
      slots: 4,
      quantity: 4,
      signal: interrupt.signal,
      onEvent: (event) => {
        if (event.type === 'step-started' && event.step === 'program-application') {
          interrupt.abort(new BytesError('INTERRUPTED', 'by the test'))
        }
      },
    })
    await line.run({ id: 'stopped', slots: 4, quantity: 4 })
    await line.run({ id: 'stopped', slots: 4, quantity: 4, resume: true })

    const places = line.places()
    const planted = await line.planted()
    const discoveries = new SecretSearch(planted).in(places)
    expect(leaksAmong(discoveries)).toEqual([])

    const seen = new Set(places.map(({ name }) => name))
    for (const name of [
      'event unit-decided',
      'error of the run',
      'error of the programmer',
      'home/ledger.db',
      'ledger.db-wal',
    ]) {
      expect(seen).toContain(name)
    }
    const verdicts = places.filter(({ name }) => name === 'event unit-decided')
    const text = Buffer.concat(verdicts.map(({ octets }) => octets)).toString()
    for (const verdict of ['PASS', 'FAIL', 'ERROR', 'QUARANTINE'])
      expect(text).toContain(`"${verdict}"`)
  })

  it('are found where they belong: on labels, in their flash and in the key file', async () => {
    await using folder = await temporaryFolder('keyline-secrets')
    const line = await ObservedLine.in(folder.path)
    await line.run({ id: 'good', slots: 2, quantity: 2 })
    const flashes = flashesBelow(benchOf(folder.path)).map(({ board, octets }) => ({
      name: `board-${board}/flash.bin`,
      octets,
    }))
    const places = [...line.places(), ...flashes]
    const discoveries = new SecretSearch(await line.planted()).in(places)
    expect(leaksAmong(discoveries)).toEqual([])
    const found = discoveries.filter(isAllowed).map(({ secret }) => `${secret.name} ${secret.unit}`)
    for (const unit of ['T-000001', 'T-000002']) {
      for (const name of ['passcode', 'salt', 'verifier', 'w0', 'L', 'DAC private key']) {
        expect(found).toContain(`${name} ${unit}`)
      }
    }
    expect(found).toContain('store key undefined')
    for (const file of ['onboarding.txt', 'onboarding.svg']) {
      const place = `results/good/units/T-000001/${file}`
      expect(discoveries).toContainEqual(expect.objectContaining({ place }))
    }
  })

  it('lie in files that their owner alone can read, even in a folder that is open to all', async () => {
    await using folder = await temporaryFolder('keyline-secrets')
    const before = process.umask(0)
    try {
      mkdirSync(homeOf(folder.path))
      chmodSync(homeOf(folder.path), 0o777)
      const line = await ObservedLine.in(folder.path)
      const during = new Map<string, number>()
      await line.run({
        id: 'modes',
        slots: 2,
        quantity: 2,
        onEvent: () => {
          for (const { name, mode } of filesBelow(folder.path)) during.set(name, mode)
        },
      })
      const open = [...during].filter(([, mode]) => (mode & 0o077) !== 0).map(([name]) => name)
      expect(open.filter((name) => name.startsWith('home/'))).toEqual([])
      for (const name of ['home/ledger.db', 'home/ledger.db-wal', 'home/journal/journal.jsonl']) {
        expect(during.get(name)).toBe(0o600)
      }
      const labels = filesBelow(folder.path).filter(({ name }) => name.includes('onboarding'))
      expect(labels.map(({ mode }) => mode)).toEqual([0o600, 0o600, 0o600, 0o600])
    } finally {
      process.umask(before)
    }
  })
})
