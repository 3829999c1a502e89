import {
  CborTag,
  cborMap,
  isCborArray,
  isCborMap,
  type CborMap,
  type CborValue,
} from '../cbor/value.ts'
import { readTriple, type Measurement, type Triple } from './comid.ts'
import { requireList } from './fields.ts'
import { certificationKey } from './psa-profile.ts'
import { MeasurementKey, TripleKey, ValueKey } from './tag.ts'

/**
 * Brings the forms of authoring drafts into that of the profile (V16): a digest without its list, a signer id without
 * its list, certifications under the key 9. For an importer that is asked to be lenient, never for a service.
 */
export function fromDraftForm(triple: Triple, path: string): readonly Triple[] {
  if (triple.kind === 'reference') {
    return [{ ...triple, measurements: triple.measurements.map(fromDraftMeasurement) }]
  }
  if (triple.kind !== 'other' || triple.key !== TripleKey.draftConditional) return [triple]
  return requireList(triple.value, path).map((item) => {
    const [conditions, values] = requireList(item, path)
    const given = requireList(conditions, path)
    const list = isCborMap(given[0]) ? [given] : given
    const stateful = list.map((condition) => {
      const [environment, measurements] = requireList(condition, path)
      return [
        environment ?? null,
        isCborMap(measurements) ? [measurements] : (measurements ?? null),
      ]
    })
    const certified = cborMap(
      [MeasurementKey.key, certificationKey],
      [MeasurementKey.values, values],
    )
    const endorsements = [[stateful[0]?.[0] ?? null, [certified]]]
    return readTriple('conditional', [stateful, endorsements], path)
  })
}

function fromDraftMeasurement({ key, values }: Measurement): Measurement {
  const digests = values.get(ValueKey.digests)
  const signer = values.get(ValueKey.cryptoKeys)
  const isFlat = isCborArray(digests) && digests.length === 2 && !isCborArray(digests[0])
  return {
    key,
    values: replaced(values, [
      [ValueKey.digests, isFlat ? [digests] : digests],
      [ValueKey.cryptoKeys, signer instanceof CborTag ? [signer] : signer],
    ]),
  }
}

/** The map with other values for some keys. */
export function replaced(
  map: CborMap,
  entries: ReadonlyArray<readonly [CborValue, CborValue | undefined]>,
): CborMap {
  return cborMap(...new Map<CborValue, CborValue | undefined>([...map, ...entries]))
}
