import { sql, type CompiledQuery, type Kysely, type RawBuilder } from 'kysely'
import type { Tables } from './schema.ts'

/** Stand-ins for the values of a statement, by name. */
export type Values<V> = { readonly [Name in keyof V]: RawBuilder<V[Name]> }

/** Runs a statement with its values; gives its rows. */
export type Statement<V, Row> = (db: Kysely<Tables>, values: V) => Promise<readonly Row[]>

/** Takes a value's place in a statement that is compiled once. */
class Place {
  readonly name: string
  /** Which item of a list the value belongs to. */
  readonly item: number

  constructor(name: string, item: number) {
    this.name = name
    this.item = item
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

/** Runs a statement over the items of a list, at least one; gives its rows. */
export type ListStatement<V, Row> = (
  db: Kysely<Tables>,
  items: readonly V[],
) => Promise<readonly Row[]>

/** The same over a list of values: compiled once for each length of the list. */
export function listStatement<V extends object, Row>(
  build: (
    db: Kysely<Tables>,
    items: readonly Values<V>[],
    first: Values<V>,
  ) => { compile(): CompiledQuery<Row> },
): ListStatement<V, Row> {
  const compiled = new WeakMap<object, Map<number, CompiledQuery<Row>>>()
  return async (db, items) => {
    const kind = db.getExecutor().adapter
    const known = compiled.get(kind) ?? new Map<number, CompiledQuery<Row>>()
    compiled.set(kind, known)
    let query = known.get(items.length)
    if (query === undefined) {
      const stands = items.map((_, item) => places<V>(item))
      query = build(db, stands, places<V>(0)).compile()
      known.set(items.length, query)
    }
    const parameters = query.parameters.map((parameter) =>
      parameter instanceof Place
        ? Reflect.get(items[parameter.item] ?? {}, parameter.name)
        : parameter,
    )
    const { rows } = await db.executeQuery<Row>({ ...query, parameters })
    return rows
  }
}

/** Makes the stand-in of each name that the statement asks for. */
function places<V extends object>(item = 0): Values<V> {
  const target: Record<string, RawBuilder<unknown>> = {}
  const proxy = new Proxy(target, {
    get: (_, name) => sql`${new Place(String(name), item)}`,
  })
  // The proxy has every member; its type is the statement's own word.
  return proxy as Values<V>
}
