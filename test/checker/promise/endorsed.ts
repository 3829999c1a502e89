import { z } from 'zod'
import { hexOf } from '../output/octets.ts'
import type { Outputs } from '../output/outputs.ts'
import type { Violation } from '../violation.ts'

const VerdictDocument = z.object({
  evidence: z.array(z.object({ kind: z.string(), facts: z.record(z.string(), z.unknown()) })),
})

/** SubjectPublicKeyInfo of a P-256 key up to its point. */
const spkiPrefix = '3059301306072a8648ce3d020106082a8648ce3d030107034200'

/** P1: at any moment a verifier trusts the key of every unit that has passed, and of no other. */
export function checkTrusted({ ledger }: Outputs): readonly Violation[] {
  const wanted = ledger.verdicts.flatMap(({ unit_id: unit, verdict, document }) =>
    verdict === 'PASS' ? keysIn(document).map((key) => `${unit} ${key}`) : [],
  )
  const active = ledger.trustKeys
    .filter(({ state }) => state === 'active')
    .map(({ unit_id: unit, key }) => `${unit ?? ''} 04${hexOf(key)}`)
  if (wanted.toSorted().join() === active.toSorted().join()) return []
  const message = `it trusts ${active.length} keys, ${wanted.length} units have passed with one`
  return [{ promise: 'P1', place: 'verifier', message }]
}

/**
 * P2: the CoRIM of an order has the attestation key of every unit that has passed, and no other key; the verifier of the
 * ledger has its reference values.
 */
export function checkEndorsed({ ledger, results }: Outputs): readonly Violation[] {
  return ledger.orders.flatMap(({ id }) => {
    const passed = ledger.verdicts.filter(
      ({ unit_id: unit, verdict }) =>
        verdict === 'PASS' && ledger.units.find((row) => row.id === unit)?.order_id === id,
    )
    const wanted = passed.flatMap(({ document }) => keysIn(document)).toSorted()
    const found = keysOf(results.get(id)?.corim).toSorted()
    const isReferenced = wanted.length === 0 || ledger.references.length > 0
    const messages = [
      ...(isReferenced ? [] : ['its reference values are nowhere']),
      ...(wanted.join() === found.join()
        ? []
        : [`it has the keys of ${found.length} devices, ${wanted.length} have passed`]),
    ]
    return messages.map((message) => ({ promise: 'P2', place: `CoRIM of ${id}`, message }))
  })
}

function keysIn(document: string): readonly string[] {
  const { evidence } = VerdictDocument.parse(JSON.parse(document))
  return evidence.flatMap(({ kind, facts }) =>
    kind === 'attestation-key' ? [String(facts['publicKey'])] : [],
  )
}

/** The points of the keys of a CoRIM, which stand there as PEM of their SubjectPublicKeyInfo. */
function keysOf(corim: Uint8Array | undefined): readonly string[] {
  const text = Buffer.from(corim ?? []).toString('latin1')
  const blocks = text.matchAll(/-----BEGIN PUBLIC KEY-----([^-]+)-----END PUBLIC KEY-----/g)
  return [...blocks].map(([, base64 = '']) =>
    Buffer.from(base64, 'base64').toString('hex').slice(spkiPrefix.length),
  )
}
