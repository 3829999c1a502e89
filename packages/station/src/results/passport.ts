import { toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import {
  marksOf,
  type Unit,
  type UnitMark,
  type VerdictRecord,
  type AnyOrder,
  type WorkOrder,
} from '@keyline/ledger/records'
import { parseCertificate } from '@keyline/x509'

/** A certificate of a unit as the ledger has it. */
export interface PassportCertificate {
  readonly certificate: Uint8Array
  readonly state: 'live' | 'void'
  readonly issuedAt: number
}

export interface PassportInput {
  readonly unit: Unit
  readonly order: PassportOrder
  readonly verdict: VerdictRecord | undefined
  readonly decidedAt: number | undefined
  readonly certificates: readonly PassportCertificate[]
  /** What the unit was before each of its reworks, the oldest first. */
  readonly reworks?: readonly PassportRework[] | undefined
  readonly scrap?: PassportScrap | undefined
}

/** What a passport says of its order; of boards without Matter there is neither product nor declaration. */
export type PassportOrder = Pick<AnyOrder, 'id' | 'policy' | 'platform' | 'security'> & {
  readonly images: Partial<Pick<WorkOrder['images'], 'provisioning'>> &
    Pick<WorkOrder['images'], 'application'>
} & Partial<Pick<WorkOrder, 'product' | 'certificationDeclaration'>>

/** One earlier life of a unit. Times are milliseconds since 1970. */
export interface PassportRework {
  readonly attempt: number
  readonly reason: string
  readonly note?: string | undefined
  readonly boardUid?: string | undefined
  readonly certificateSha256?: string | undefined
  readonly verdict: VerdictRecord
  readonly decidedAt: number
  readonly hasNewSecrets: boolean
  readonly openedAt: number
  readonly closedAt?: number | undefined
}

export interface PassportScrap {
  readonly reason: string
  readonly note?: string | undefined
  readonly returned: number
  readonly approvedBy?: string | undefined
  readonly scrappedAt: number
}

/** All that is known of one unit, in one JSON document. It holds no secret. */
export interface Passport {
  readonly format: 'keyline-passport/1'
  readonly serialNumber: string
  readonly unit: string
  readonly order: string
  readonly sequence: number
  readonly policy: string
  readonly platform: string
  readonly security: number
  readonly board: string | null
  readonly product: WorkOrder['product'] | null
  readonly firmware: {
    /** Nothing where the platform scripts install it. */
    readonly provisioning: string | null
    readonly application: string
    readonly certificationDeclaration: string | null
  }
  readonly verdict: VerdictRecord | null
  /** What must be said beside the verdict: an unproven key, published credentials. */
  readonly marks: readonly UnitMark[]
  readonly createdAt: string
  readonly decidedAt: string | null
  readonly certificates: readonly {
    readonly serialNumber: string
    readonly sha256: string
    readonly publicKey: string
    readonly state: 'live' | 'void'
    readonly issuedAt: string
    readonly notBefore: string
    readonly notAfter: string
  }[]
  /** Boards, certificates and verdicts that the unit had before, the oldest first. */
  readonly lineage: readonly {
    readonly attempt: number
    readonly board: string | null
    readonly certificate: string | null
    readonly verdict: VerdictRecord['verdict']
    readonly verdictReason: string
    readonly decidedAt: string
    readonly rework: {
      readonly reason: string
      readonly note: string | null
      readonly newCode: boolean
      readonly openedAt: string
      readonly closedAt: string | null
    }
  }[]
  readonly scrap: {
    readonly reason: string
    readonly note: string | null
    readonly certificatesReturned: number
    readonly approvedBy: string | null
    readonly at: string
  } | null
}

export function passportOf(input: PassportInput): Passport {
  const { unit, order, verdict } = input
  return {
    format: 'keyline-passport/1',
    serialNumber: unit.serialNumber,
    unit: unit.id,
    order: unit.orderId,
    sequence: unit.sequence,
    policy: order.policy,
    platform: order.platform,
    security: order.security,
    board: unit.boardUid ?? null,
    product: order.product ?? null,
    firmware: {
      provisioning: order.images.provisioning?.sha256 ?? null,
      application: order.images.application.sha256,
      certificationDeclaration: order.certificationDeclaration?.sha256 ?? null,
    },
    verdict: verdict ?? null,
    marks: verdict === undefined ? [] : marksOf(verdict),
    createdAt: isoTime(unit.createdAt),
    decidedAt: input.decidedAt === undefined ? null : isoTime(input.decidedAt),
    certificates: input.certificates.map(describeCertificate),
    lineage: (input.reworks ?? []).map(describeRework),
    scrap: input.scrap === undefined ? null : describeScrap(input.scrap),
  }
}

/** The life that a rework has ended: the one before its attempt. */
function describeRework(entry: PassportRework): Passport['lineage'][number] {
  return {
    attempt: entry.attempt - 1,
    board: entry.boardUid ?? null,
    certificate: entry.certificateSha256 ?? null,
    verdict: entry.verdict.verdict,
    verdictReason: entry.verdict.reason,
    decidedAt: isoTime(entry.decidedAt),
    rework: {
      reason: entry.reason,
      note: entry.note ?? null,
      newCode: entry.hasNewSecrets,
      openedAt: isoTime(entry.openedAt),
      closedAt: entry.closedAt === undefined ? null : isoTime(entry.closedAt),
    },
  }
}

function describeScrap(scrap: PassportScrap): NonNullable<Passport['scrap']> {
  return {
    reason: scrap.reason,
    note: scrap.note ?? null,
    certificatesReturned: scrap.returned,
    approvedBy: scrap.approvedBy ?? null,
    at: isoTime(scrap.scrappedAt),
  }
}

function describeCertificate(entry: PassportCertificate): Passport['certificates'][number] {
  const certificate = parseCertificate(entry.certificate)
  return {
    serialNumber: toHex(certificate.serialNumber),
    sha256: toHex(sha256(entry.certificate)),
    publicKey: toHex(certificate.spki.der),
    state: entry.state,
    issuedAt: isoTime(entry.issuedAt),
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
  }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
