import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { p256PointOf } from '@keyline/crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { appraisalOf, member, textMember } from '../support/verifier-service.ts'
import {
  chipSecrets,
  observeBoard,
  type Channel,
  type Observation,
} from './support/observed-board.ts'
import { SecretSearch, type Place } from './support/search.ts'
import { secretOctets } from './support/secret.ts'

const scalar = chipSecrets['DUA scalar FU']
const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'key-')))
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })))

/** As they are, turned round, and with every bit inverted, as the flash file of a board keeps its octets. */
const search = new SecretSearch(
  Object.entries(chipSecrets).flatMap(([name, octets]) => [
    secretOctets(name, octets),
    secretOctets(`${name}, turned round`, octets.toReversed()),
    secretOctets(
      `${name}, inverted`,
      octets.map((octet) => ~octet),
    ),
  ]),
)

function leaksIn(places: readonly Place[]): readonly string[] {
  return [...new Set(search.in(places).map(({ secret, place }) => `${secret.name} in ${place}`))]
}

const channels: readonly Channel[] = [
  'objects',
  'files',
  'output',
  'serial line',
  'TCP',
  'bench socket',
  'HTTP',
]

describe('the device key of a board', () => {
  let observed: Observation
  beforeAll(async () => {
    observed = await observeBoard(folders[0] ?? '')
  })

  it('is the planted one, and attests before a verifier', () => {
    expect(observed.publicKey).toEqual(p256PointOf(scalar))
    const appraisal = appraisalOf(textMember(observed.verified.json, 'result'))
    expect(member(appraisal, 'ear.status')).toBe('affirming')
  })

  it.each(channels)('is not in the %s', (channel) => {
    const places = observed.channels[channel]
    expect(places.reduce((sum, { octets }) => sum + octets.length, 0)).toBeGreaterThan(300)
    expect(leaksIn(places)).toEqual([])
  })
})

describe('the search finds the device key that leaks on purpose', () => {
  let observed: Observation
  beforeAll(async () => {
    observed = await observeBoard(folders[1] ?? '', scalar)
  })

  it.each(channels)('in the %s', (channel) => {
    expect(leaksIn(observed.channels[channel]).join('\n')).toContain('DUA scalar FU')
  })

  it.each(['TCP', 'HTTP', 'serial line'] as const)('in either direction of %s', (channel) => {
    const found = leaksIn(observed.channels[channel])
    for (const direction of channel === 'serial line'
      ? ['to the board', 'to the host']
      : ['there', 'back']) {
      expect(found.some((leak) => leak.endsWith(direction))).toBe(true)
    }
  })
})
