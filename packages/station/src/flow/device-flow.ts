import type { DeviceOrder } from '@keyline/ledger/records'
import { evidenceForDevice, evidenceForProtection } from '../evidence/required.ts'
import { bind, checkPort } from './bind-steps.ts'
import {
  closeBoard,
  exportWrappedKey,
  openBoard,
  programContainer,
  readBackFirmware,
} from './device-key-steps.ts'
import type { Flow } from './flows.ts'
import { initialAttestation } from './initial-attestation-step.ts'
import { programApplication, startApplication } from './programming-steps.ts'

/** STM32U385: a board without Matter whose chip brings its key. Source: attestation chapters 1 and 6. */
export function deviceFlow({ rdp }: Pick<DeviceOrder, 'rdp'>): Flow {
  const isClosed = rdp === 1
  return {
    keys: 'in-chip',
    steps: [
      checkPort,
      bind,
      openBoard,
      exportWrappedKey,
      programApplication,
      programContainer,
      readBackFirmware,
      ...(isClosed ? [closeBoard] : []),
      startApplication,
      initialAttestation,
    ],
    evidence: [...evidenceForDevice, ...(isClosed ? evidenceForProtection : [])],
  }
}
