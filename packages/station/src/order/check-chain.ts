import type { Finding } from '@keyline/bytes'
import type { WorkOrder } from '@keyline/ledger/records'
import { checkPaa, checkPai, matterIds } from '@keyline/matter'
import { isSignedBy, parseCertificate, publicKeyOf, type Certificate } from '@keyline/x509'
import { orderFinding } from './order-rules.ts'

export interface ChainInput {
  readonly order: WorkOrder
  /** X.509 DER. */
  readonly pai: Uint8Array
  readonly paa: Uint8Array
  /** Milliseconds since 1970. */
  readonly time: number
}

/** PAI and PAA of a run against their profiles, each other and the order, before any board is touched. */
export function checkChain(input: ChainInput): readonly Finding[] {
  const profile = [
    ...checkPaa(input.paa).map((problem) =>
      orderFinding('ORD-08', 'PAA', problem, 'breaks the PAA profile'),
    ),
    ...checkPai(input.pai).map((problem) =>
      orderFinding('ORD-08', 'PAI', problem, 'breaks the PAI profile'),
    ),
  ]
  if (profile.length > 0) return profile
  const pai = parseCertificate(input.pai)
  const paa = parseCertificate(input.paa)
  return [...checkLink(pai, paa, input.time), ...checkIds(input.order, pai)]
}

function checkLink(pai: Certificate, paa: Certificate, time: number): readonly Finding[] {
  const findings: Finding[] = []
  const paaKey = publicKeyOf(paa)
  if (paaKey === undefined || !isSignedBy(pai, paaKey)) {
    findings.push(orderFinding('ORD-08', 'PAI', '', 'is not signed by the PAA'))
  }
  for (const [name, certificate] of [
    ['PAA', paa],
    ['PAI', pai],
  ] as const) {
    if (time < certificate.notBefore.getTime() || time > certificate.notAfter.getTime()) {
      findings.push(orderFinding('ORD-08', name, '', 'is not valid now'))
    }
  }
  return findings
}

function checkIds(order: WorkOrder, pai: Certificate): readonly Finding[] {
  const findings: Finding[] = []
  const ids = matterIds(pai.subject)
  const { vendorId, productId } = order.product
  if (ids.vendorId !== vendorId) {
    const message = `the PAI is for vendor ${hex(ids.vendorId)}`
    findings.push(orderFinding('ORD-09', 'product.vendorId', hex(vendorId), message))
  }
  if (ids.productId !== undefined && ids.productId !== productId) {
    const message = `the PAI is for product ${hex(ids.productId)}`
    findings.push(orderFinding('ORD-09', 'product.productId', hex(productId), message))
  }
  return findings
}

function hex(id: number | undefined): string {
  return id === undefined ? 'none' : `0x${id.toString(16).toUpperCase().padStart(4, '0')}`
}
