import { equalOctets, toHex, type Secret } from '@keyline/bytes'
import { requireBinding, verifyChain, type TrustStore } from '@keyline/verifier'
import type { TrustKeyRow } from '../database/attestation-schema.ts'
import { LedgerError } from '../errors.ts'
import type { Act } from '../store/act.ts'
import type { Vault } from '../store/vault.ts'
import { secretRecord } from './anchor-rows.ts'
import type { Desk } from './desk.ts'

/** A device by its names. */
export interface DeviceName {
  /** 32 octets. */
  readonly implementationId: Uint8Array
  /** 33 octets. */
  readonly instanceId: Uint8Array
}

export interface CertifiedDevice extends DeviceName {
  /** DER, the leaf first. */
  readonly chain: readonly Uint8Array[]
  /** Seconds since 1970. */
  readonly time: number
}

export interface DeviceParts {
  readonly desk: Desk
  readonly tenant: string
  readonly vault: Vault
  readonly trust: TrustStore
  /** Ends what this process knows of unknown devices. */
  readonly forgetAbsent: () => void
}

/** Devices that are registered one by one. */
export class Devices {
  readonly #parts: DeviceParts

  constructor(parts: DeviceParts) {
    this.#parts = parts
  }

  /**
   * Makes the certified key of a device its registered one (trust on first certificate, attestation-verifier 5.3). Again:
   * changes nothing.
   * @returns whether it is new
   * @throws VerifierError `E_X509_…`, `E_KEY_UNKNOWN`, `E_INSTANCE_ID_BINDING` for a chain that is not trusted; LedgerError
   * `LEDGER_DEVICE_TAKEN` where the instance has another key
   */
  async registerCertified({ chain, time, ...device }: CertifiedDevice): Promise<boolean> {
    const trust = await this.#parts.trust.certificateTrust()
    const { publicKey, subject } = verifyChain(chain, trust, time)
    requireBinding(device.instanceId, publicKey)
    return this.#register(device, {
      kind: 'P-256',
      key: publicKey.octets,
      isSame: (known) => equalOctets(known, publicKey.octets),
      subject,
    })
  }

  /**
   * Registers the secret of a device that authenticates its tokens by a MAC; it rests sealed. It counts only where the record
   * is opened with `symmetricKeys` (attestation-verifier 5.2).
   * @returns whether it is new
   * @throws LedgerError `LEDGER_DEVICE_TAKEN`
   */
  registerSymmetric(device: DeviceName, secret: Secret): Promise<boolean> {
    const { tenant, vault } = this.#parts
    const record = secretRecord(tenant, device.instanceId)
    return this.#register(device, {
      kind: 'symmetric',
      key: vault.seal(record, 'secret', secret.reveal()),
      isSame: (known) => vault.open(record, 'secret', known).equals(secret),
      subject: undefined,
    })
  }

  async #register(device: DeviceName, key: NewKey): Promise<boolean> {
    const { desk, tenant, forgetAbsent } = this.#parts
    const isNew = await desk.act((act) => register(act, tenant, device, key))
    forgetAbsent()
    return isNew
  }
}

interface NewKey extends Pick<TrustKeyRow, 'kind' | 'key'> {
  readonly isSame: (known: Uint8Array) => boolean
  readonly subject: string | undefined
}

async function register(
  { tx, note }: Act,
  tenant: string,
  { implementationId, instanceId }: DeviceName,
  { kind, key, isSame, subject }: NewKey,
): Promise<boolean> {
  const instance = toHex(instanceId)
  const name = { tenant, instance_id: instanceId }
  const inserted = await tx
    .insertInto('trust_key')
    .values({ ...name, kind, key, state: 'active', unit_id: null, import: null })
    .onConflict((conflict) => conflict.columns(['tenant', 'instance_id']).doNothing())
    .returning('kind')
    .executeTakeFirst()
  if (inserted === undefined) {
    const known = await tx
      .selectFrom('trust_key')
      .select(['kind', 'key'])
      .where('tenant', '=', tenant)
      .where('instance_id', '=', instanceId)
      .executeTakeFirstOrThrow()
    if (known.kind !== kind || !isSame(Uint8Array.from(known.key))) {
      throw new LedgerError('LEDGER_DEVICE_TAKEN', `instance ${instance} has another key already`)
    }
  }
  const added = await tx
    .insertInto('trust_anchor')
    .values({ ...name, implementation_id: implementationId, source: null })
    .onConflict((conflict) =>
      conflict.columns(['tenant', 'instance_id', 'implementation_id']).doNothing(),
    )
    .returning('tenant')
    .executeTakeFirst()
  if (added === undefined) return false
  await note('device.registered', {
    tenant,
    implementation: toHex(implementationId),
    instance,
    kind,
    ...(subject === undefined ? {} : { subject }),
  })
  return true
}
