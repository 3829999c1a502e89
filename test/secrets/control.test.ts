import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { encodeUtf8, toBase64, toBase64url, toHex } from '@keyline/bytes'
import { p256ToPkcs8 } from '@keyline/crypto'
import type { UnitSecrets } from '@keyline/ledger/records'
import type { StationParts } from '@keyline/station'
import { pemEncode } from '@keyline/x509'
import { homeOf, temporaryFolder } from '../support/line.ts'
import { leaksAmong } from './support/allowed.ts'
import { ObservedLine } from './support/observe.ts'
import { SecretSearch } from './support/search.ts'
import { withMethods } from './support/stand-in.ts'

type Leak = (parts: StationParts, line: ObservedLine) => StationParts

/** Hands out the secrets of each unit as soon as it is reserved. */
function onSecrets(parts: StationParts, use: (secrets: UnitSecrets) => void): StationParts {
  const units = withMethods(parts.units, {
    reserve: async (orderId, draw) => {
      const reserved = await parts.units.reserve(orderId, draw)
      if (reserved !== undefined) use(structuredClone(reserved.secrets))
      return reserved
    },
  })
  return { ...parts, units }
}

/** One leak a channel: its secret, and the place where the search must find it. */
const leaks: readonly (readonly [channel: string, found: RegExp, leak: Leak])[] = [
  [
    'the console',
    /^verifier of T-000001 as list of numbers in console$/m,
    // oxlint-disable-next-line no-console
    (parts) => onSecrets(parts, ({ verifier }) => console.log(inspect(verifier))),
  ],
  [
    'an event',
    /^passcode of T-000001 as eight digits in event board-log$/m,
    (parts) => {
      let passcode = 0
      const watched = onSecrets(parts, (secrets) => {
        passcode = secrets.passcode
      })
      const ports = withMethods(parts.ports, {
        open: async (name) => {
          const port = await parts.ports.open(name)
          const said = encodeUtf8(`debug: code ${String(passcode).padStart(8, '0')}\r\n`)
          return heardFirst(port, said)
        },
      })
      return { ...watched, ports }
    },
  ],
  [
    'the cause of an error',
    /^salt of T-000001 as base64 in error of the ledger$/m,
    (parts) => {
      let salt = new Uint8Array()
      const watched = onSecrets(parts, (secrets) => {
        salt = Uint8Array.from(secrets.salt)
      })
      const bind = () =>
        Promise.reject(new Error('no room', { cause: new Error(`at ${toBase64(salt)}`) }))
      return { ...watched, units: withMethods(watched.units, { bind }) }
    },
  ],
  [
    'the journal',
    /^w0 of T-000001 as hexadecimal, reversed in home\/journal\/journal\.jsonl$/m,
    (parts) => {
      let note = ''
      const watched = onSecrets(parts, ({ verifier }) => {
        note = toHex(verifier.slice(0, 32).toReversed())
      })
      const journal = withMethods(parts.journal, {
        append: (entry) => parts.journal.append({ ...entry, data: { ...entry.data, note } }),
      })
      return { ...watched, journal }
    },
  ],
  [
    'the database',
    /^passcode of T-000001 as eight digits in (?:home\/)?ledger\.db/m,
    (parts) => {
      let passcode = 0
      const watched = onSecrets(parts, (secrets) => {
        passcode = secrets.passcode
      })
      const units = withMethods(watched.units, {
        decide: (unitId, record) =>
          watched.units.decide(unitId, {
            ...record,
            message: `code=${String(passcode).padStart(8, '0')}`,
          }),
      })
      return { ...watched, units }
    },
  ],
  [
    'a file of the results, in PEM',
    /^PAI private key as base64 in results\/note\.pem$/m,
    (parts, line) =>
      onSecrets(parts, () => {
        const pem = pemEncode('PRIVATE KEY', p256ToPkcs8(line.pki.pai.keyPair).reveal())
        mkdirSync(join(line.folder, 'results'), { recursive: true })
        writeFileSync(join(line.folder, 'results', 'note.pem'), pem)
      }),
  ],
  [
    'a file of the home, in octets',
    /^L of T-000001 as octets in home\/core$/m,
    (parts, line) =>
      onSecrets(parts, ({ verifier }) =>
        writeFileSync(join(homeOf(line.folder), 'core'), new Uint8Array([7, ...verifier, 7])),
      ),
  ],
  [
    'the name of a file',
    /^salt of T-000001 as base64url in names of files$/m,
    (parts, line) =>
      onSecrets(parts, ({ salt }) =>
        writeFileSync(join(homeOf(line.folder), toBase64url(salt)), ''),
      ),
  ],
]

describe('a line that leaks on purpose', () => {
  it.each(leaks)('into %s is found out', async (_, found, leak) => {
    await using folder = await temporaryFolder('keyline-leak')
    const line = await ObservedLine.in(folder.path)
    await line.run({ id: 'leak', decorate: (parts) => leak(parts, line) })
    const places = line.places()
    const discovered = leaksAmong(new SecretSearch(await line.planted()).in(places))
    expect(discovered.join('\n')).toMatch(found)
  })
})

/** A port on which the board seems to say something before all else. */
function heardFirst<T extends { readonly received: AsyncIterable<Uint8Array> }>(
  port: T,
  said: Uint8Array,
): T {
  async function* received(): AsyncGenerator<Uint8Array> {
    yield said
    yield* port.received
  }
  return new Proxy(port, {
    get(target, name) {
      if (name === 'received') return received()
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}
