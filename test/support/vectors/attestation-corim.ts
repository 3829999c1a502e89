import { toBase64url, toHex } from '@keyline/bytes'
import {
  cborDiagnostic,
  decodeCbor,
  decodeCorim,
  decodeSignedCorim,
  encodeCorim,
  fromDraftForm,
  fromOlderProfile,
  isCborArray,
  isCborMap,
  isSignedCorim,
  readComid,
  readPsaComid,
  readPsaStatements,
  verifyEnvelope,
  type CborValue,
  type Corim,
  type Environment,
  type Measurement,
  type SignedCorim,
  type Triple,
} from '@keyline/eat'
import { comidOfTemplate, corimOfTemplate } from './attestation-template.ts'
import { caseOf, comparedMembers, coseKeyOf, refusalCode } from './attestation-case.ts'
import { canonical } from './canonical.ts'
import type { CaseResult, VectorCheck } from './case.ts'
import { compared, type VectorReader } from './vector-reader.ts'

/** CoRIMs and CoMIDs: what is understood of them, in general and by the PSA profile, and why they are refused. */
export const check: VectorCheck = async (file) => {
  const vector = caseOf(file)
  return [vector.text('check') === 'corim' ? corimCase(vector) : comidCase(vector)]
}

function corimCase(vector: VectorReader): CaseResult {
  const octets = vector.object('input').octets('cbor_hex')
  const reason = psaRefusal(octets)
  const view = vector.object('view')
  if (view.has('semantic')) {
    const wanted = canonical(view.raw('semantic'))
    const came = canonical(semanticOf(octets))
    if (wanted !== came) return compared(vector.id, wanted, came)
  }
  const expect = vector.object('expect')
  return comparedMembers(vector, {
    valid_for_psa_profile: () => reason === undefined,
    generic_corim_valid: () => refusalCode(() => semanticOf(octets)) === undefined,
    reason: () => reason,
    reason_any_of: () =>
      expect.texts('reason_any_of').some((code) => code === reason)
        ? expect.raw('reason_any_of')
        : reason,
    signature_verifies_with: () =>
      isSignedWith(octets, expect.object('signature_verifies_with'))
        ? expect.raw('signature_verifies_with')
        : undefined,
  })
}

/** Diagnostic notation, and the verdict of the profile; templates of authoring tools are read by nothing here. */
function comidCase(vector: VectorReader): CaseResult {
  const input = vector.object('input')
  if (!input.has('cbor_hex')) return templateCase(vector.id, input.object('template_json'))
  const octets = vector.object('input').octets('cbor_hex')
  const reason = refusalCode(() => [...readPsaComid(octets)])
  const expect = vector.object('expect')
  const isOldProfile = expect.has('note') && expect.text('note').startsWith('old PSA profile')
  const shown = compared(
    vector.id,
    vector.object('view').text('diag'),
    cborDiagnostic(decodeCbor(octets)),
  )
  if (!shown.ok) return shown
  if (isOldProfile) {
    const ofImporter = refusalCode(() => [...readPsaComid(octets, { convert: fromOlderProfile })])
    if (ofImporter !== undefined) return compared(vector.id, 'read by the importer', ofImporter)
    if (reason !== 'E_CORIM_CLASS_ID_TYPE')
      return compared(vector.id, 'E_CORIM_CLASS_ID_TYPE', String(reason))
    return compared(
      vector.id,
      toHex(octets),
      toHex(comidOfTemplate(vector.object('input').object('template_json'))),
    )
  }
  if (reason === 'E_CORIM_MVAL') {
    const ofImporter = refusalCode(() => [...readPsaComid(octets, { convert: fromDraftForm })])
    if (ofImporter !== undefined) return compared(vector.id, 'read when lenient', ofImporter)
  }
  return comparedMembers(vector, {
    valid_for_psa_profile: () => reason === undefined,
    generic_comid_valid: () => refusalCode(() => [...readComid(octets)]) === undefined,
  })
}

/** An authoring template is written as CBOR, and what is read from that says the same. */
function templateCase(id: string, template: VectorReader): CaseResult {
  if (template.has('corim-id')) {
    return compared(
      id,
      canonical(corimOfTemplate(template)),
      canonical(readBack(corimOfTemplate(template))),
    )
  }
  const octets = comidOfTemplate(template)
  const statements = [...readComid(octets)].flatMap((event) =>
    event.type === 'triple' && event.triple.kind === 'reference' ? event.triple.measurements : [],
  )
  const wanted = template
    .object('triples')
    .objects('reference-values')
    .flatMap((triple) =>
      triple
        .objects('measurements')
        .map((measurement) => measurement.object('value').raw('digests')),
    )
  const came = statements.map(({ values }) => {
    const digests = values.get(2)
    return isCborArray(digests) ? digests.map(digestToTemplate) : undefined
  })
  return compared(id, canonical(wanted), canonical(came))
}

function readBack(corim: Corim): unknown {
  const { id, profile, validity, entities, tags } = decodeCorim(encodeCorim(corim))
  return { id, profile, validity, entities, tags }
}

function digestToTemplate(digest: CborValue): unknown {
  const [algorithm, value] = isCborArray(digest) ? digest : []
  return [algorithm, value instanceof Uint8Array ? toBase64url(value) : undefined]
}

function psaRefusal(octets: Uint8Array): string | undefined {
  return refusalCode(() => {
    const { corim } = opened(octets)
    for (const statement of readPsaStatements(corim)) {
      if (statement.kind === 'ignored') throw new TypeError(`ignores ${statement.what}`)
    }
  })
}

function opened(octets: Uint8Array): Pick<SignedCorim, 'corim'> & Partial<SignedCorim> {
  return isSignedCorim(octets) ? decodeSignedCorim(octets) : { corim: decodeCorim(octets) }
}

function isSignedWith(octets: Uint8Array, jwk: VectorReader): boolean {
  const { envelope, algorithm } = decodeSignedCorim(octets)
  return (
    refusalCode(() => verifyEnvelope(envelope, { algorithm, key: coseKeyOf(jwk) })) === undefined
  )
}

/** What a reader understood, in the words of the vectors. */
function semanticOf(octets: Uint8Array): unknown {
  const { corim, envelope } = opened(octets)
  const { id, profile, tags } = corim
  return {
    corim_id: typeof id === 'string' ? id : toHex(id),
    profile: profile?.type === 'uri' ? `32(${JSON.stringify(profile.uri)})` : undefined,
    comids: tags.map(({ octets: comid }) => comidSemantic(comid)),
    signed: envelope && {
      protected_diag: cborDiagnostic(envelope.protectedHeader),
      unprotected_diag: cborDiagnostic(envelope.unprotectedHeader),
      signature_bytes: envelope.signature.length,
    },
  }
}

function comidSemantic(comid: Uint8Array): unknown {
  const lists: Record<string, unknown[]> = {}
  let tagId: string | undefined
  for (const event of readComid(comid)) {
    if (event.type === 'header') tagId = cborDiagnostic(event.header.tagId)
    else {
      const { kind } = event.triple
      const name = kind === 'attestKey' ? 'attest_key' : kind
      const list = (lists[name] ??= [])
      list.push(tripleSemantic(event.triple))
    }
  }
  return { tag_id: tagId, triples: lists }
}

function tripleSemantic(triple: Triple): unknown {
  switch (triple.kind) {
    case 'reference': {
      const measurements = triple.measurements.map(measurementSemantic)
      return { ...environmentSemantic(triple.environment), measurements }
    }
    case 'endorsed':
      return environmentSemantic(triple.environment)
    case 'attestKey':
      return { ...environmentSemantic(triple.environment), keys: triple.keys.map(cborDiagnostic) }
    case 'identity':
    case 'conditional':
    case 'other':
      throw new TypeError(`no vector tells of a triple of the kind ${triple.kind}`)
    default:
      return triple satisfies never
  }
}

function environmentSemantic({ classId, vendor, model, instance }: Environment) {
  return { class_id: shown(classId), vendor, model, instance: shown(instance) }
}

function measurementSemantic({ key, values }: Measurement): unknown {
  const version = values.get(0)
  const digests = values.get(2)
  const others = [...values.keys()].filter((one) => ![0, 2, 11, 13].includes(Number(one)))
  return {
    mkey: shown(key),
    version: isCborMap(version) ? version.get(0) : undefined,
    digests: isCborArray(digests) ? digests.map(digestSemantic) : undefined,
    name: values.get(11),
    cryptokeys: shown(values.get(13)),
    other_keys: others.length === 0 ? undefined : others,
  }
}

function digestSemantic(digest: CborValue): unknown {
  const [alg, value] = isCborArray(digest) ? digest : []
  return { alg, value_hex: value instanceof Uint8Array ? toHex(value) : undefined }
}

function shown(value: CborValue | undefined): string | undefined {
  return value === undefined ? undefined : cborDiagnostic(value)
}
