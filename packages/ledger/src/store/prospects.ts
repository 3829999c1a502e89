import { sql, type Kysely, type RawBuilder } from 'kysely'
import type { Tables, UnitRow } from '../database/schema.ts'
import { statement, type Statement } from '../database/statement.ts'
import { orderColumns, statusOf, type OrderRow, type OrderStatus } from './orders.ts'

/** What a request for a certificate is about. The hash is hexadecimal. */
export interface IssuanceQuestion {
  readonly orderId: string
  readonly unitId: string
  readonly idempotencyKey: string
  /** SHA-256 of the subject public key info, DER. */
  readonly spkiSha256?: string | undefined
}

/** What the ledger knows about a request. */
export interface IssuanceProspect {
  readonly order?: OrderStatus | undefined
  /** What was answered under the idempotency key. */
  readonly issued?: IssuedBefore | undefined
  /** Serial number of the unit; absent when there is no such unit. */
  readonly serialNumber?: string | undefined
  /** Whether a certificate, live or void, has the public key. */
  readonly isKeyKnown: boolean
}

export interface IssuedBefore {
  readonly requestHash: string
  /** X.509 DER. */
  readonly certificate: Uint8Array
}

type Maybe<Row> = { readonly [Column in keyof Row]: Row[Column] | null }

type AskedRow = Maybe<OrderRow> & {
  readonly place: number
  readonly request_hash: string | null
  readonly der: Uint8Array | null
  readonly unit_serial_number: string | null
  readonly holder: string | null
}

type Parameters = Readonly<Record<string, string | null>>

/** One statement for each number of questions: a round trip counts for more than what it asks. */
const statements = new Map<number, Statement<Parameters, AskedRow>>()

function asking(count: number): Statement<Parameters, AskedRow> {
  const known = statements.get(count)
  if (known !== undefined) return known
  const orders = sql.join(orderColumns.map((column) => sql.ref(`work_order.${column}`)))
  const made = statement<Parameters, AskedRow>((db, values) => {
    const value = (name: string): RawBuilder<unknown> => values[name] ?? sql`null`
    const rows = Array.from(
      { length: count },
      (_, place) =>
        sql`(${sql.lit(place)}, ${value(`idempotency${place}`)}, ${value(`order${place}`)},
          ${value(`unit${place}`)}, ${value(`key${place}`)})`,
    )
    const query = sql<AskedRow>`
      with asked (place, idempotency_key, order_id, unit_id, spki_sha256) as (values ${sql.join(rows)})
      select asked.place, issued.request_hash, issued.der, unit.serial_number as unit_serial_number,
        holder.unit_id as holder, ${orders}
      from asked
      left join certificate issued on issued.idempotency_key = asked.idempotency_key
      left join unit on unit.id = asked.unit_id
      left join certificate holder on holder.spki_sha256 = asked.spki_sha256
      left join work_order on work_order.id = asked.order_id`
    return { compile: () => query.compile(db) }
  })
  statements.set(count, made)
  return made
}

type Asked = Omit<IssuanceQuestion, 'orderId'> & { readonly orderId?: string | undefined }

/** A row for each of them, in their order. */
async function ask(db: Kysely<Tables>, asked: readonly Asked[]): Promise<readonly AskedRow[]> {
  const values: Record<string, string | null> = {}
  for (const [place, { idempotencyKey, orderId, unitId, spkiSha256 }] of asked.entries()) {
    values[`idempotency${place}`] = idempotencyKey
    values[`order${place}`] = orderId ?? null
    values[`unit${place}`] = unitId
    values[`key${place}`] = spkiSha256 ?? null
  }
  const rows = await asking(asked.length)(db, values)
  return rows.toSorted((a, b) => a.place - b.place)
}

/** What the ledger knows about each of these requests, in their order. */
export async function findProspects(
  db: Kysely<Tables>,
  questions: readonly IssuanceQuestion[],
): Promise<readonly IssuanceProspect[]> {
  const orders = new Map<string, OrderStatus | undefined>()
  const asked = questions.map((question) => {
    // Requests that come together are mostly of one order: it is read for the first of them.
    const orderId = orders.has(question.orderId) ? undefined : question.orderId
    orders.set(question.orderId, undefined)
    return { ...question, orderId }
  })
  const rows = await ask(db, asked)
  for (const row of rows) if (isOrder(row)) orders.set(row.id, statusOf(row))
  return questions.map(({ orderId }, place) => {
    const order = orders.get(orderId)
    const row = rows[place]
    return {
      ...(order === undefined ? {} : { order }),
      ...traceOf(row),
      isKeyKnown: row !== undefined && row.holder !== null,
    }
  })
}

/** What the ledger has of a request itself. */
export type IssuanceTrace = Pick<IssuanceProspect, 'issued' | 'serialNumber'>

/** What was answered to each of these requests, and the serial numbers of their units, in their order. */
export async function findTraces(
  db: Kysely<Tables>,
  requests: readonly Pick<IssuanceQuestion, 'idempotencyKey' | 'unitId'>[],
): Promise<readonly IssuanceTrace[]> {
  const asked = requests.map(({ idempotencyKey, unitId }) => ({ idempotencyKey, unitId }))
  const rows = await ask(db, asked)
  return rows.map(traceOf)
}

function traceOf(row: AskedRow | undefined): IssuanceTrace {
  if (row === undefined) return {}
  const { request_hash: requestHash, der, unit_serial_number: serialNumber } = row
  return {
    ...(requestHash === null || der === null
      ? {}
      : { issued: { requestHash, certificate: Uint8Array.from(der) } }),
    ...(serialNumber === null ? {} : { serialNumber }),
  }
}

/** The columns of an order are all there, or none is. */
function isOrder<Row extends Maybe<OrderRow>>(row: Row): row is Row & OrderRow {
  return row.id !== null
}

const unitColumns = ['id', 'order_id', 'serial_number', 'state', 'board_uid', 'remote'] as const

/** What issuing must know of a unit. */
export type IssuanceUnit = Pick<UnitRow, (typeof unitColumns)[number]>

const unitStatements = new Map<number, Statement<Parameters, IssuanceUnit>>()

/** The units of these ids that the ledger has, by id. */
export async function findUnits(
  db: Kysely<Tables>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, IssuanceUnit>> {
  if (ids.length === 0) return new Map()
  const find =
    unitStatements.get(ids.length) ??
    statement<Parameters, IssuanceUnit>((on, values) =>
      on
        .selectFrom('unit')
        .select(unitColumns)
        .where(
          'id',
          'in',
          ids.map((_, place) => sql<string>`${values[`id${place}`] ?? sql`null`}`),
        ),
    )
  unitStatements.set(ids.length, find)
  const rows = await find(db, Object.fromEntries(ids.map((id, place) => [`id${place}`, id])))
  return new Map(rows.map((row) => [row.id, row]))
}
