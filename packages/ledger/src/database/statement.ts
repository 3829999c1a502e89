import { sql, type CompiledQuery, type Kysely, type RawBuilder } from 'kysely'
import type { Tables } from './schema.ts'

/** Stand-ins for the values of a statement, by name. */
export type Values<V> = { readonly [Name in keyof V]: RawBuilder<V[Name]> }

/** Runs a statement with its values; gives its rows. */
export type Statement<V, Row> = (db: Kysely<Tables>, values: V) => Promise<readonly Row[]>

/** Takes a value's place in a statement that is compiled once. */
class Place {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/**
 * A statement that is compiled at its first use, once for each kind of database, and then run with values:
 * compiling costs more than running.
 *
 * @example
 * const orderById = statement((db, { id }: Values<{ id: string }>) =>
 *   db.selectFrom('work_order').selectAll().where('id', '=', id))
 * const [order] = await orderById(tx, { id: 'order-1' })
 */
export function statement<V extends object, Row>(
  build: (db: Kysely<Tables>, values: Values<V>) => { compile(): CompiledQuery<Row> },
): Statement<V, Row> {
  const compiled = new WeakMap<object, CompiledQuery<Row>>()
  return async (db, values) => {
    const kind = db.getExecutor().adapter
    let query = compiled.get(kind)
    if (query === undefined) {
      query = build(db, places<V>()).compile()
      compiled.set(kind, query)
    }
    const parameters = query.parameters.map((parameter) =>
      parameter instanceof Place ? Reflect.get(values, parameter.name) : parameter,
    )
    const { rows } = await db.executeQuery<Row>({ ...query, parameters })
    return rows
  }
}

/** Makes the stand-in of each name that the statement asks for. */
function places<V extends object>(): Values<V> {
  const target: Record<string, RawBuilder<unknown>> = {}
  const proxy = new Proxy(target, {
    get: (_, name) => sql`${new Place(String(name))}`,
  })
  // The proxy has every member; its type is the statement's own word.
  return proxy as Values<V>
}
