import {
  canonicalJson,
  equalOctets,
  fromBase64,
  fromBase64url,
  fromHex,
  parseJson,
  toBase64,
  toBase64url,
  toHex,
} from '@keyline/bytes'
import { expectLaw, textTarget, type FuzzDecoder } from './target.ts'

export const bytesDecoders: readonly FuzzDecoder[] = [
  {
    name: 'text codecs',
    targets: [
      textTarget('hex', hexSeeds, (text) => {
        expectLaw(toHex(fromHex(text)) === text.toLowerCase(), 'hexadecimal encodes back')
      }),
      textTarget(
        'base64',
        () => ['', 'AA==', 'AAA=', 'AAAA', '+/+/'],
        (text) => {
          expectLaw(toBase64(fromBase64(text)) === text, 'base64 encodes back')
        },
      ),
      textTarget(
        'base64url',
        () => ['', 'AA', 'AAA', 'AAAA', '-_-_'],
        (text) => {
          expectLaw(toBase64url(fromBase64url(text)) === text, 'base64url encodes back')
        },
      ),
    ],
  },
  {
    name: 'JSON',
    targets: [
      textTarget('json', jsonSeeds, (text) => {
        const value = parseJson(text, 'input')
        expectLaw(
          JSON.stringify(JSON.parse(text)) === JSON.stringify(value),
          'reads as JSON.parse does',
        )
      }),
      textTarget('canonical-json', jsonSeeds, (text) => {
        const canonical = canonicalJson(parseJson(text, 'input'))
        const again = canonicalJson(parseJson(canonical, 'canonical text'))
        expectLaw(
          equalOctets(Buffer.from(canonical), Buffer.from(again)),
          'the canonical form is its own canonical form',
        )
      }),
    ],
  },
]

function hexSeeds(): readonly string[] {
  return ['', '00', 'DeadBeef', '0123456789abcdef']
}

function jsonSeeds(): readonly string[] {
  return [
    '{"a":[1,2,3],"b":{"c":null,"d":true},"e":"\\u00e9\\n"}',
    '[0,1000000,"x",false]',
    '{"VENDOR_ID":65521,"SERIAL":"SN-0001","list":[{"id":"a"},{"id":"b"}]}',
    '""',
    '12345',
  ]
}
