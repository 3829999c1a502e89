import {
  buildFirmwareImage,
  describeFault,
  GrammarRefusal,
  parseProgrammerCommand,
  parseSlotFault,
  readAddressedImage,
  verifyFirmwareImage,
} from '@keyline/board'
import { expectLaw, textTarget, type FuzzTarget } from './target.ts'

const signed = buildFirmwareImage({
  kind: 'application',
  name: 'lamp',
  version: '1.2.3',
  size: 600,
  isSigned: true,
})

/** What the simulated boards read: words of the programmer, faults, images. */
export const boardTargets: readonly FuzzTarget[] = [
  {
    name: 'signed-firmware',
    seeds: () => [signed],
    run: (octets) => {
      if (verifyFirmwareImage(octets) === undefined) return
      const covered = Buffer.from(signed.subarray(signed.indexOf(0) + 1))
      const isWhole = Buffer.from(octets).includes(covered)
      expectLaw(isWhole, 'a valid image holds what was signed')
    },
  },
  textTarget(
    'addressed-image',
    () => [':020000040800F2\n:10010000214601360121470136007EFE09D2190140\n:00000001FF\n'],
    (text) => {
      for (const { octets } of readAddressedImage(Buffer.from(text, 'latin1'))) {
        expectLaw(octets.length > 0 && octets.length <= text.length, 'no octets come from nowhere')
      }
    },
  ),
  textTarget(
    'slot-fault',
    () => ['1:no-probe', '12:probe-lost@3', '3/2:silent'],
    (text) => {
      const fault = parseSlotFault(text)
      const again = parseSlotFault(describeFault(fault))
      expectLaw(describeFault(again) === describeFault(fault), 'a fault comes back as it was')
    },
  ),
  textTarget(
    'bench-programmer-words',
    () => ['-c port=SWD mode=UR -d a.bin 0x08000000 -v', '-c port=SWD -ob RDP=0xAA -e [1 2]'],
    (text) => {
      try {
        parseProgrammerCommand(text.split(' '))
      } catch (error) {
        if (!(error instanceof GrammarRefusal)) throw error
      }
    },
  ),
]
