import type { MatterPlatform, Policy } from '@keyline/ledger/records'

/** What a command line of genFactoryData means, once no rule is broken. Paths are as they were given. */
export interface RunOptions {
  /** 0 writes complete data, 1 provisions. */
  readonly provisioning: 0 | 1
  readonly data: { readonly kind: 'json' | 'binary'; readonly path: string }
  readonly flashAddr: number
  readonly security?: 0 | 1 | 2 | undefined
  readonly platform?: 'wba' | 'u5' | undefined
  readonly mode?: 'test' | 'production' | undefined
  readonly appFwAddr?: number | undefined
  readonly coFwAddr?: number | undefined
  readonly magicTrailerAddr?: number | undefined
  readonly verbose: boolean
  readonly keep: boolean
  readonly files: {
    readonly coprocessor?: string | undefined
    readonly provisioning?: string | undefined
    readonly application?: string | undefined
    readonly magicTrailer?: string | undefined
    readonly manager?: string | undefined
    readonly batch?: string | undefined
  }
  /** Memory and factory data of the boards: given, or derived. Source: provisioning-station section 3.5. */
  readonly profile: MatterPlatform
  readonly policy: Policy
  readonly programmerPath?: string | undefined
  readonly externalLoader?: string | undefined
  /** Serial numbers of the probes; all boards unless given. */
  readonly boards?: readonly string[] | undefined
  readonly jobs: number
  readonly journal?: string | undefined
  readonly ledger?: string | undefined
  readonly dryRun: boolean
  readonly jsonLog?: string | undefined
  readonly labels?: string | undefined
  readonly issuer?: string | undefined
  readonly verify: 'full' | 'fast' | 'none'
  readonly syncTimeoutMs: number
  readonly resultTimeoutMs: number
  readonly regression: boolean
  readonly erase: boolean
  readonly readBack?: string | undefined
  readonly simulate?: string | undefined
  readonly scripts?: string | undefined
  readonly rdp: 0 | 1 | 2
  readonly legacyImage: boolean
  readonly sameIdentity: boolean
}
