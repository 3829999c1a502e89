import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { examples } from '../../support/line.ts'

/** The example work order under another id, as a person writes it. */
export function exampleOrder(
  id: string,
  changed: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const order: unknown = JSON.parse(readFileSync(join(examples, 'work-order.json'), 'utf8'))
  if (typeof order !== 'object' || order === null) throw new TypeError('the example is no object')
  const serialNumbers = { pool: id, pattern: `${id}-{######}` }
  return { ...order, id, quantity: 100, certificateLimit: 100, serialNumbers, ...changed }
}
