import { encodeUtf8, equalOctets } from '@keyline/bytes'
import { readJson } from '../../../packages/server/src/route/endpoint.ts'
import { estBody, readEstBase64 } from '../../../packages/server/src/route/est/message.ts'
import { DacBody, InviteBody } from '../../../packages/server/src/route/rest/schema.ts'
import { expectLaw, type FuzzDecoder } from './target.ts'
import { vectorOctets } from './vector-seeds.ts'

const certificate = vectorOctets('matter/pem/Matter-Development-PAI-FFF1-noPID-Cert.der')

const dacBody = {
  unit: 'U-1',
  serialNumber: 'SN 1',
  board: '0123456789abcdef01234567',
  csr: 'MIIB',
}

/** What a caller of the server may send. */
export const serverDecoders: readonly FuzzDecoder[] = [
  {
    name: 'bodies of the server',
    targets: [
      {
        name: 'est-body',
        seeds: () => [encodeUtf8(String(estBody(certificate).body)), encodeUtf8('AA==\r\n')],
        run: (body) => {
          const octets = readEstBase64(body)
          const again = readEstBase64(encodeUtf8(String(estBody(octets).body)))
          expectLaw(equalOctets(octets, again), 'the octets of a body come back')
        },
      },
      {
        name: 'dac-body',
        seeds: () => [encodeUtf8(JSON.stringify(dacBody))],
        run: (body) => {
          const read = readJson(body, DacBody)
          const again = readJson(encodeUtf8(JSON.stringify(read)), DacBody)
          expectLaw(JSON.stringify(read) === JSON.stringify(again), 'a body reads the same again')
        },
      },
      {
        name: 'invite-body',
        seeds: () => [encodeUtf8('{"name":"s1","role":"station"}')],
        run: (body) => {
          const { name } = readJson(body, InviteBody)
          expectLaw(/^[\w.-]{1,64}$/.test(name), 'a name is safe in a file and in a certificate')
        },
      },
    ],
  },
]
