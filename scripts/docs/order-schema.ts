import { AnyOrder } from '@keyline/ledger/records'
import { z } from 'zod'

/** JSON Schema of the work order, for editors: what a person writes, before defaults and number texts are resolved. */
export function orderSchema(): string {
  const schema = z.toJSONSchema(AnyOrder, { io: 'input', unrepresentable: 'any' })
  const titled = {
    $schema: schema.$schema,
    title: 'Keyline work order',
    description:
      'What to make: product, declaration, images with hashes, quantity, serial numbers.',
    ...schema,
  }
  return `${JSON.stringify(titled, null, 2)}\n`
}
