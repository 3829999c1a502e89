import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { array, assert, constantFrom, nat, property, tuple, uint8Array } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scaled } from '../../../../../test/support/scale.ts'
import { CliError } from '../../errors.ts'
import { writtenMessage } from './evidence-input.ts'
import { inspectMessage } from './inspect.ts'
import { printableLines } from './printable-lines.ts'

const vectors = resolve('test/vectors/attestation')
const messages = [
  'tokens-valid/rfc9783-appendix-sign1.cbor',
  'tokens-valid/rfc9783-appendix-mac0.cbor',
  'tokens-valid/tfm-1.6-psa-iot-1-sign1.cbor',
  'corim/veraison-psa-valid.cbor',
  'corim/corim-lib-signed-good-corim.cbor',
  'comid/cocli-comid-psa-refval.cbor',
  'ear/ear-jwt-with-veraison-extensions.jwt',
].map((name) => new Uint8Array(readFileSync(resolve(vectors, name))))

/** Explains octets as a file would hold them; refused input is named, and nothing else is thrown. */
function explain(octets: Uint8Array): boolean | 'refused' {
  try {
    const { isSound, text, document } = inspectMessage(writtenMessage(octets, 'the file'), {
      isLenient: true,
    })
    expect(text.length).toBeLessThan(200_000)
    expect(printableLines(text)).not.toMatch(/(?!\n)\p{Cc}/u)
    JSON.stringify(document)
    return isSound
  } catch (error) {
    if (error instanceof CliError) return 'refused'
    throw error
  }
}

describe('an explanation', () => {
  it('is found for every vector', () => {
    expect(messages.map(explain)).toEqual(messages.map(() => expect.any(Boolean)))
  })

  it('never ends in another error than a refusal, whatever octets it gets', () => {
    assert(
      property(uint8Array({ maxLength: 400 }), (octets) => {
        explain(octets)
      }),
      { numRuns: scaled(300, 100_000) },
    )
  })

  it('nor for a message with changed octets, or without its end', () => {
    const changes = array(tuple(nat(), nat(255)), { maxLength: 4 })
    const message = constantFrom(...messages)
    assert(
      property(message, changes, nat(), (octets, list, cut) => {
        const changed = Uint8Array.from(octets)
        for (const [at, value] of list) changed[at % changed.length] = value
        explain(cut % 3 === 0 ? changed.subarray(0, cut % changed.length) : changed)
      }),
      { numRuns: scaled(400, 100_000) },
    )
  })
})
