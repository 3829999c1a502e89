import type { TrustChange } from '../store/trust-changes.ts'
import type { Vault } from '../store/vault.ts'
import { Appraisals } from './appraisals.ts'
import { Authorities } from './authorities.ts'
import type { ChangeFeed } from './change-feed.ts'
import { Corims } from './corims.ts'
import type { Desk } from './desk.ts'
import { Devices } from './devices.ts'
import { Endorsements } from './endorsements.ts'
import { Policies } from './policies.ts'
import { Sessions } from './sessions.ts'
import { SqlTrustStore } from './trust-store.ts'
import { UsedNonces } from './used-nonces.ts'

export interface TenantParts {
  readonly desk: Desk
  readonly feed: ChangeFeed
  readonly vault: Vault
  readonly tenant: string
  readonly anchorCapacity: number
  readonly symmetricKeys: boolean
}

/** What the record keeps of one tenant. */
export class AttestationTenant {
  /** Hot data: anchors, reference values, endorsements. */
  readonly trust: SqlTrustStore
  /** The same data, to be changed. */
  readonly endorsements: Endorsements
  readonly authorities: Authorities
  readonly devices: Devices
  readonly sessions: Sessions
  readonly seen: UsedNonces
  readonly policies: Policies
  readonly corims: Corims
  readonly appraisals: Appraisals

  /** Made by `AttestationRecord.tenant`. */
  constructor(parts: TenantParts) {
    const { desk, tenant, vault, feed } = parts
    const trust = new SqlTrustStore(parts)
    const forget = (changes: readonly TrustChange[]): void => {
      for (const change of changes) this.forget(change)
      trust.forgetAbsent()
    }
    this.trust = trust
    this.endorsements = new Endorsements({ desk, tenant, forget })
    this.authorities = new Authorities({ desk, tenant, forget })
    this.devices = new Devices({
      desk,
      tenant,
      vault,
      trust,
      forgetAbsent: () => trust.forgetAbsent(),
    })
    this.sessions = new Sessions(desk, tenant)
    this.seen = new UsedNonces(desk, tenant)
    this.policies = new Policies({ desk, feed, tenant })
    this.corims = new Corims(desk, tenant)
    this.appraisals = new Appraisals(desk, tenant)
  }

  /** Takes out of memory what has changed in the database. */
  forget(change: TrustChange): void {
    if (change.kind === 'policy') this.policies.forgetAll()
    else this.trust.forget(change)
  }

  forgetAll(): void {
    this.policies.forgetAll()
    this.trust.forgetAll()
  }
}
