const prime = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn
const b = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn

/**
 * True for an uncompressed point on P-256, `04 ‖ X ‖ Y`: both coordinates below p, and Y² = X³ − 3X + b (SEC 1
 * section 3.2.2.1; the group has cofactor 1). For public octets, as its time depends on them; about a microsecond.
 */
export function isOnP256(point: Uint8Array): boolean {
  if (point.length !== 65 || point[0] !== 0x04) return false
  const view = new DataView(point.buffer, point.byteOffset, point.length)
  const x = coordinate(view, 1)
  const y = coordinate(view, 33)
  return x < prime && y < prime && (x * (x * x - 3n) + b - y * y) % prime === 0n
}

/** 32 octets, big endian. */
function coordinate(view: DataView, offset: number): bigint {
  return (
    (view.getBigUint64(offset) << 192n) |
    (view.getBigUint64(offset + 8) << 128n) |
    (view.getBigUint64(offset + 16) << 64n) |
    view.getBigUint64(offset + 24)
  )
}
