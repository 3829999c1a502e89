import { equalOctets } from '@keyline/bytes'
import {
  decodeBase38,
  decodeManualCode,
  decodeNdef,
  decodeQrPayload,
  decodeType2Tag,
  encodeBase38,
  encodeNdef,
  encodeQrPayload,
  extractQrPayload,
  isVerhoeffValid,
} from '@keyline/matter'
import { expectLaw, textTarget, type FuzzDecoder } from './target.ts'
import { vectorHex, vectorTexts } from './vector-seeds.ts'

/** What stands on a label, and what a scanner makes of it. */
export const onboardingDecoders: readonly FuzzDecoder[] = [
  {
    name: 'Base38 and QR',
    targets: [
      textTarget(
        'base38',
        () => vectorTexts('matter/onboarding/base38.json', 'base38'),
        (text) => {
          expectLaw(encodeBase38(decodeBase38(text)) === text, 'Base38 encodes back')
        },
      ),
      textTarget('qr', qrCodes, (text) => {
        const [first, ...others] = decodeQrPayload(text)
        expectLaw(first !== undefined, 'a code has a payload')
        if (first !== undefined) {
          expectLaw(encodeQrPayload(first, ...others) === text, 'a QR code encodes back')
        }
      }),
      textTarget('qr-scanned', qrCodes, (text) => extractQrPayload(text)),
    ],
  },
  {
    name: 'manual code',
    targets: [
      textTarget(
        'manual-code',
        () => vectorTexts('matter/onboarding/manual.json', 'code'),
        (text) => {
          decodeManualCode(text)
          expectLaw(isVerhoeffValid(text.replaceAll(/[- ]/g, '')), 'its check digit is right')
        },
      ),
    ],
  },
  {
    name: 'NFC',
    targets: [
      {
        name: 'ndef',
        seeds: () => vectorHex('matter/onboarding/nfc.json', 'ndefMessage'),
        run: (octets) => {
          expectLaw(equalOctets(encodeNdef(decodeNdef(octets)), octets), 'NDEF encodes back')
        },
      },
      {
        name: 'type2-tag',
        seeds: () => vectorHex('matter/onboarding/nfc.json', 'type2Tlv'),
        run: (octets) => decodeType2Tag(octets),
      },
    ],
  },
]

function qrCodes(): readonly string[] {
  return vectorTexts('matter/onboarding/qr.json', 'qr')
}
