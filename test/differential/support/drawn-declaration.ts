import type { CertificationDeclaration } from '@keyline/matter'
import type { Draw } from '../../support/draw.ts'

/** A declaration of any values that the content has room for; its type is one that a test key may sign. */
export function drawDeclaration(draw: Draw): CertificationDeclaration {
  const ids = { vendorId: draw.between(1, 0xfff4), productId: draw.between(1, 0xffff) }
  return {
    formatVersion: 1,
    vendorId: draw.between(1, 0xfff4),
    productIds: drawList(draw, 100, () => draw.between(1, 0xffff)),
    deviceTypeId: draw.below(2 ** 32),
    certificateId: draw.text('ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-', 19),
    securityLevel: draw.below(0x100),
    securityInformation: draw.below(0x1_0000),
    versionNumber: draw.below(0x1_0000),
    certificationType: draw.below(2),
    ...(draw.once(2) ? { dacOrigin: ids } : {}),
    ...(draw.once(2) ? { authorizedPaas: drawList(draw, 10, () => draw.octets(20)) } : {}),
  }
}

/** Mostly short, at times as long as it may be. */
function drawList<T>(draw: Draw, most: number, item: () => T): T[] {
  const length = draw.once(10) ? most : draw.between(1, Math.min(most, 4))
  return Array.from({ length }, item)
}
