import { basename, dirname } from 'node:path'
import { attestationChecks } from '../../test/support/vectors/attestation.ts'
import { knownFiles, type KnownFile } from '../../test/support/vectors/catalogue.ts'
import type { VectorCheck } from '../../test/support/vectors/case.ts'
import {
  check as checkWycheproof,
  describeAlgorithm,
  isAlgorithmUsed,
} from '../../test/support/vectors/wycheproof.ts'

/** What a file of vectors is, from its name, its folder and its content. */
export type Recognised =
  | {
      readonly kind: 'check'
      readonly path: string
      readonly check: VectorCheck
      readonly cases: number
      /** The results that must be there, by the sides that owe them, where a case has more than one. */
      readonly owed?: ReadonlyMap<string, readonly string[]>
    }
  | {
      readonly kind: 'unsupported'
      readonly what: string
      readonly why: string
      readonly cases: number
    }
  | { readonly kind: 'unknown' }

const noRoom = 'its room does not exist yet'
const noReader = 'nothing reads it yet'

/** @param path absolute or relative, its last two parts tell most. */
export async function recognise(path: string, json: unknown): Promise<Recognised> {
  if (!isRecord(json)) return { kind: 'unknown' }
  if (Array.isArray(json['testGroups'])) return recogniseWycheproof(path, json)
  if (json['device'] === 'STSAFE-A120' && Array.isArray(json['cases'])) {
    const { check, owedBySide } = await import('../../test/support/vectors/stsafe.ts')
    const canonical = `stsafe-a120/${basename(path)}`
    const owed = owedBySide({ path: canonical, json })
    const cases = json['cases'].length
    return { kind: 'check', path: canonical, check, cases, owed }
  }
  if (typeof json['group'] === 'string' && typeof json['check'] === 'string') {
    return recogniseAttestation(path, json['group'], json['check'])
  }
  return recogniseMatter(path, json)
}

async function recogniseAttestation(
  path: string,
  group: string,
  name: string,
): Promise<Recognised> {
  const load = attestationChecks[name]
  if (load === undefined) {
    return { kind: 'unsupported', what: `group attestation/${group}`, why: noRoom, cases: 1 }
  }
  const { check } = await load()
  return { kind: 'check', path: `attestation/${group}/${basename(path)}`, check, cases: 1 }
}

function recogniseWycheproof(path: string, json: Readonly<Record<string, unknown>>): Recognised {
  const cases = Number(json['numberOfTests'])
  if (isAlgorithmUsed(json)) {
    const canonical = `wycheproof/${basename(path)}`
    return { kind: 'check', path: canonical, check: checkWycheproof, cases }
  }
  const what = `algorithm ${describeAlgorithm(json)} (${basename(path)})`
  return { kind: 'unsupported', what, why: 'Keyline does not use it', cases }
}

async function recogniseMatter(
  path: string,
  json: Readonly<Record<string, unknown>>,
): Promise<Recognised> {
  const { vectors } = json
  if (!Array.isArray(vectors) || vectors.length === 0) return { kind: 'unknown' }
  const tail = `matter/${basename(dirname(path))}/${basename(path)}`
  const known = knownFiles.find((file) => file.path === tail) ?? byContent(vectors)
  if (known === undefined) return { kind: 'unknown' }
  if (known.load === undefined) {
    return {
      kind: 'unsupported',
      what: `group ${known.path.replace(/\.json$/, '')}`,
      why: noReader,
      cases: vectors.length,
    }
  }
  const { check, owed } = await known.load()
  const recognised = { kind: 'check', path: known.path, check, cases: vectors.length } as const
  return owed === undefined ? recognised : { ...recognised, owed: owed({ path: known.path, json }) }
}

/** A known file under another name: each vector has the members that tell it apart. */
function byContent(vectors: readonly unknown[]): KnownFile | undefined {
  return knownFiles.find(({ members }) =>
    vectors.every(
      (vector) =>
        isRecord(vector) &&
        members.every((names) => names.some((name) => Object.hasOwn(vector, name))),
    ),
  )
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
