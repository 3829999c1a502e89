import { z } from 'zod'
import { proxySettings } from './credential/settings.ts'
import { signerSettings } from './provisioning/settings.ts'

const seconds = (least: number, most: number): z.ZodInt => z.int().min(least).max(most)

const rate = z.strictObject({
  perSecond: z.number().positive().max(1_000_000),
  burst: z.number().min(1).max(1_000_000),
})

/** Name of a tenant, as it stands in a path. */
export const tenantName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
/** The tenant of the plain paths. */
export const defaultTenant = '0'

/** How results are written when nobody asks otherwise (V27). */
export const earDialectNames = ['veraison-2023', 'ietf-2026'] as const
export type EarDialectName = (typeof earDialectNames)[number]

/** Configuration of the verifier service; everything has a default. */
export const verifierSettings = z.strictObject({
  /** Who signs the results. */
  verifierId: z
    .strictObject({
      developer: z.string().min(1).max(200).default('https://keyline.example'),
      build: z.string().min(1).max(200).default('keyline'),
    })
    .prefault({}),
  session: z
    .strictObject({
      /** Life of a session and of a nonce. */
      ttlSeconds: seconds(5, 3_600).default(150),
      /** Alphabet of the nonce in sessions (V2). */
      nonceEncoding: z.enum(['base64', 'base64url']).default('base64'),
      /** `sealed` keeps no sessions: the id is its own content (V32). */
      kind: z.enum(['stored', 'sealed']).default('stored'),
    })
    .prefault({}),
  nonce: z
    .strictObject({
      /** One use of each nonce of 2.7, across all replicas. */
      singleUse: z.boolean().default(false),
      rotateHours: z.int().min(1).max(8_760).default(24),
    })
    .prefault({}),
  result: z
    .strictObject({
      dialect: z.enum(earDialectNames).default('veraison-2023'),
      /** How much of the claims is told (V28). */
      annotatedEvidence: z.enum(['full', 'redacted', 'off']).default('full'),
      /** Puts the evidence itself into the result. */
      rawEvidence: z.boolean().default(false),
      /** Ends results after `lifetimeSeconds` (V29). */
      exp: z.boolean().default(false),
      lifetimeSeconds: seconds(1, 31_536_000).default(300),
      /** How long a replaced key stays published. */
      keyRetentionDays: z.int().min(1).max(3_650).default(30),
    })
    .prefault({}),
  psa: z
    .strictObject({
      /** Whether the signer of a component must be that of its reference value (V22). */
      signerId: z.enum(['ignore', 'require']).default('ignore'),
      requireAllReferences: z.boolean().default(false),
      /** Takes a device in the state non-psa-rot-debug for trustworthy. */
      acceptDebug: z.boolean().default(true),
    })
    .prefault({}),
  /** Looks for tokens that were seen in another session with the same nonce (V30). */
  replay: z
    .strictObject({ detect: z.boolean().default(false), refuse: z.boolean().default(false) })
    .prefault({}),
  access: z
    .strictObject({
      /**
       * Whom the verification API serves (V15): `known` asks for a certificate of the authority of clients, or for
       * credentials with the role `client`.
       */
      clients: z.enum(['anyone', 'known']).default('anyone'),
      /** `none` asks nobody for credentials, neither for provisioning nor for policies: policy `test` only (V38). */
      management: z.enum(['required', 'none']).default('required'),
      /** A proxy in front that has asked who the caller is. */
      proxy: proxySettings.optional(),
    })
    .prefault({}),
  /** `production` asks for credentials in any case. */
  policy: z.enum(['test', 'production']).default('production'),
  provisioning: z
    .strictObject({
      /** Who may sign CoRIMs (V17). */
      signers: signerSettings.prefault({}),
      /** How long an answer says that it stands. */
      sessionSeconds: seconds(1, 86_400).default(300),
    })
    .prefault({}),
  tenants: z
    .strictObject({
      /** Beside `0`, the one of the plain paths; each is served under `/tenant/NAME`. */
      names: z.array(z.string().regex(tenantName)).max(1_000).default([]),
      /** Host names that belong to one tenant. */
      hosts: z.record(z.string().toLowerCase().max(253), z.string().regex(tenantName)).default({}),
    })
    .prefault({}),
  limits: z
    .strictObject({
      /** Octets of evidence (V4). */
      bodyOctets: z.int().min(1_024).max(1_048_576).default(65_536),
      /** Requests in work at the same time, and waiting for a place. */
      running: z.int().min(1).max(10_000).default(64),
      waiting: z.int().min(0).max(100_000).default(256),
      waitMs: z.int().min(1).max(60_000).default(2_000),
      /** Longest wait for one answer of the record. */
      recordMs: z.int().min(10).max(60_000).default(2_000),
      /** Parsed keys of devices that are kept. */
      parsedKeys: z.int().min(0).max(1_000_000).default(4_096),
      rates: z
        .strictObject({
          /** Of each name that brings credentials. */
          member: rate.default({ perSecond: 5_000, burst: 10_000 }),
          /** Of each address that brings none. */
          anonymous: rate.default({ perSecond: 10_000, burst: 20_000 }),
          total: rate.default({ perSecond: 20_000, burst: 40_000 }),
        })
        .prefault({}),
    })
    .prefault({}),
  audit: z
    .strictObject({
      /** Records that wait for the log; when it is full, nothing more is checked. */
      queue: z.int().min(1).max(100_000).default(4_096),
      /** Records that are written together, and how long the first of them waits. */
      batch: z.int().min(1).max(4_096).default(256),
      delayMs: z.int().min(0).max(10_000).default(100),
      retentionDays: z.int().min(1).max(36_500).default(3_650),
    })
    .prefault({}),
})

export type VerifierSettings = z.output<typeof verifierSettings>
/** As it stands in a file: every member may be left out. */
export type VerifierSettingsInput = z.input<typeof verifierSettings>

export const defaultSettings: VerifierSettings = verifierSettings.parse({})
