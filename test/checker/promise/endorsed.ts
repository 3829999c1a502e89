import { z } from 'zod'
import type { Outputs } from '../output/outputs.ts'
import type { Violation } from '../violation.ts'

const VerdictDocument = z.object({
  evidence: z.array(z.object({ kind: z.string(), facts: z.record(z.string(), z.unknown()) })),
})

/** SubjectPublicKeyInfo of a P-256 key up to its point. */
const spkiPrefix = '3059301306072a8648ce3d020106082a8648ce3d030107034200'

/** P2: the CoRIM of an order has the attestation key of every unit that has passed, and no other key. */
export function checkEndorsed({ ledger, results }: Outputs): readonly Violation[] {
  return ledger.orders.flatMap(({ id }) => {
    const passed = ledger.verdicts.filter(
      ({ unit_id: unit, verdict }) =>
        verdict === 'PASS' && ledger.units.find((row) => row.id === unit)?.order_id === id,
    )
    const wanted = passed.flatMap(({ document }) => keysIn(document)).toSorted()
    const found = keysOf(results.get(id)?.corim).toSorted()
    if (wanted.join() === found.join()) return []
    const message = `it has the keys of ${found.length} devices, ${wanted.length} have passed`
    return [{ promise: 'P2', place: `CoRIM of ${id}`, message }]
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
