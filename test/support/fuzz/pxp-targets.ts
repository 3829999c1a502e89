import { equalOctets } from '@keyline/bytes'
import {
  decodeAttestationIdentity,
  decodeBasic,
  decodeHello,
  decodeIdent,
  decodeStored,
  encodeAttestationIdentity,
  encodeBasic,
  encodeFrames,
  encodeHello,
  encodeIdent,
  encodeStored,
  isMessageType,
  LineSplitter,
  MessageAssembler,
  parseFrame,
  type BasicInformation,
  type Ident,
} from '@keyline/matter/pxp'
import { expectLaw, textTarget, type FuzzTarget } from './target.ts'
import { vectorTexts } from './vector-seeds.ts'

/** What comes over the serial line. */
export const pxpTargets: readonly FuzzTarget[] = [
  textTarget('pxp-frame', frames, (text) => {
    const parsed = parseFrame(text)
    if (!parsed.ok || parsed.frame.count !== 1) return
    const { type, seq, payload } = parsed.frame
    if (!isMessageType(type) || type === 'ACK' || type === 'NAK') return
    expectLaw(
      encodeFrames(type, seq, payload).join('').startsWith(text.trimEnd()),
      'a frame encodes back',
    )
  }),
  {
    name: 'pxp-message',
    seeds: () => [Buffer.from(frames().join(''), 'latin1')],
    run: (octets) => {
      const assembler = new MessageAssembler()
      for (const line of new LineSplitter().push(octets)) {
        const parsed = parseFrame(line)
        if (parsed.ok) assembler.accept(parsed.frame)
      }
    },
  },
  { name: 'pxp-hello', seeds: () => [encodeHello({ mode: 'test' })], run: decodeHello },
  { name: 'pxp-ident', seeds: () => [encodeIdent(ident)], run: decodeIdent },
  { name: 'pxp-stored', seeds: () => [encodeStored({ store: 'its' })], run: decodeStored },
  { name: 'pxp-basic', seeds: () => [encodeBasic(basic)], run: decodeBasic },
  {
    name: 'pxp-iakrsp',
    seeds: () => [new Uint8Array(97).with(32, 4)],
    run: (octets) => {
      const again = encodeAttestationIdentity(decodeAttestationIdentity(octets))
      expectLaw(equalOctets(again, octets), 'an identity encodes to what it was read from')
    },
  },
]

const ident: Ident = {
  uid: new Uint8Array(12).fill(7),
  device: '0x4B0',
  stores: ['flash', 'cks'],
  state: 'empty',
}

const basic: BasicInformation = {
  vendorId: 0xfff1,
  productId: 0x8004,
  vendorName: 'Vendor',
  serialNumber: 'SN-1',
  hardwareVersion: 1,
  softwareVersion: 1,
  testCredentials: false,
}

function frames(): readonly string[] {
  return vectorTexts('matter/serial/pxp-session.json', 'line')
}
