import { Secret, seededRandom, toHex, type Random } from '@keyline/bytes'
import type { IssuanceEntry } from '@keyline/ledger'
import {
  WorkOrder,
  type UnitSecrets,
  type Verdict,
  type VerdictRecord,
  type WorkOrderInput,
} from '@keyline/ledger/records'

export const storeKey = (fill = 7): Secret => new Secret(new Uint8Array(32).fill(fill))

const file = (name: string) => ({ file: name, sha256: '0'.repeat(64) })

export function sampleOrder(change: Partial<WorkOrderInput> = {}): WorkOrder {
  return WorkOrder.parse({
    format: 'keyline-work-order/1',
    id: 'order-1',
    platform: 'wba',
    security: 0,
    quantity: 10,
    serialNumbers: { pool: 'main', pattern: 'KL-{######}' },
    product: {
      vendorId: '0xFFF1',
      productId: '0x8004',
      vendorName: 'Vendor',
      productName: 'Product',
      hardwareVersion: 1,
      hardwareVersionString: 'A',
    },
    certificationDeclaration: file('cd.der'),
    images: {
      provisioning: { ...file('provisioning.bin'), address: '0x08000000' },
      application: { ...file('application.bin'), address: '0x08000000' },
    },
    ...change,
  } satisfies WorkOrderInput)
}

/** Distinct values without end, the same for the same seed. */
export class Samples {
  readonly #random: Random

  constructor(seed: string) {
    this.#random = seededRandom(seed)
  }

  octets(length: number): Uint8Array {
    return this.#random.bytes(length)
  }

  hex(length: number): string {
    return toHex(this.#random.bytes(length))
  }

  secrets(): UnitSecrets {
    return {
      discriminator: 0xabc,
      passcode: 20202021,
      salt: this.octets(32),
      iterations: 1000,
      verifier: this.octets(97),
    }
  }

  readonly draw = (): Promise<UnitSecrets> => Promise.resolve(this.secrets())

  boardUid(): string {
    return this.hex(12)
  }

  entry(unitId: string, change: Partial<IssuanceEntry> = {}): IssuanceEntry {
    return {
      orderId: 'order-1',
      unitId,
      idempotencyKey: this.hex(16),
      requestHash: this.hex(32),
      spkiSha256: this.hex(32),
      issuerKeyId: 'a'.repeat(40),
      serialNumber: this.hex(8),
      certificate: this.octets(500),
      ...change,
    }
  }
}

export function verdict(of: Verdict, reason = 'complete'): VerdictRecord {
  return {
    verdict: of,
    reason,
    message: 'all evidence holds',
    remedy: '',
    evidence: [{ kind: 'chain', ok: true, facts: { sha256: '00', length: 2 } }],
  }
}
