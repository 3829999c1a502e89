import { p256Order } from '@keyline/crypto'

const orderDigits = p256Order.toString(16).padStart(64, '0')
const order = Uint8Array.from({ length: 32 }, (_, index) =>
  Number.parseInt(orderDigits.slice(2 * index, 2 * index + 2), 16),
)

/** True for 32 octets that are 1 … n − 1, big endian. */
export function isP256Scalar(octets: Uint8Array): boolean {
  if (octets.length !== 32 || octets.every((octet) => octet === 0)) return false
  for (const [index, limit] of order.entries()) {
    const octet = octets[index] ?? 0
    if (octet !== limit) return octet < limit
  }
  return false
}
