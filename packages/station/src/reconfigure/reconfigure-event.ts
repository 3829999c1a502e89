import type { VerdictRecord } from '@keyline/ledger/records'
import type { Operation } from '../gen-factory-data/plan.ts'

/** What happens to the boards of a run of genFactoryData. */
export type ReconfigureEvent =
  | { readonly type: 'board-found'; readonly probe: string; readonly port: string | null }
  | {
      readonly type: 'operation-started'
      readonly probe: string
      readonly port: string | null
      readonly operation: Operation
    }
  | {
      readonly type: 'operation-done'
      readonly probe: string
      readonly port: string | null
      readonly operation: Operation
      readonly ms: number
    }
  | {
      readonly type: 'board-decided'
      readonly probe: string
      readonly port: string | null
      readonly record: VerdictRecord
      /** Published credentials: a commissioner of products refuses the device. */
      readonly demo: boolean
    }
