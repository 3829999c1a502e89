import { DatabaseError, type PoolClient } from 'pg'

/** SQLSTATE of a prepared statement whose table was changed by another process meanwhile. */
export const stalePlan = '0A000'

/** Most statements that a connection keeps prepared; ours are fewer, one for each number of rows. */
const mostPrepared = 512

/**
 * Lets the server parse and plan a statement once for each connection: for a short one that is most of its cost.
 * After a migration by another process they are prepared anew; the transaction that met it is run again.
 */
export function prepareStatements(client: PoolClient): void {
  const query = client.query.bind(client)
  const names = new Map<string, string>()
  let count = 0
  const prepared = async (text: string, values: unknown[]): Promise<unknown> => {
    const name = names.get(text) ?? `keyline_${++count}`
    names.set(text, name)
    try {
      return await query({ name, text, values })
    } catch (error) {
      if (error instanceof DatabaseError && error.code === stalePlan) names.clear()
      throw error
    }
  }
  const ask = (text: unknown, values?: unknown, ...rest: readonly unknown[]): unknown => {
    const isOurs = typeof text === 'string' && Array.isArray(values) && values.length > 0
    if (isOurs && (names.has(text) || names.size < mostPrepared)) return prepared(text, values)
    return Reflect.apply(query, client, [text, values, ...rest])
  }
  Object.defineProperty(client, 'query', { value: ask })
}
