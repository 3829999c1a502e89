import { equalOctets, hasErrors, isKeylineError, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { Evidence } from '@keyline/ledger/records'
import { checkFactoryData, decodeImage, type FactoryDataSetting } from '@keyline/matter'
import type { EvidenceRule } from '../evidence/required.ts'

/** The evidence that PASS needs where complete data are written. Source: provisioning-station section 10. */
export function evidenceForReconfigure(programsFirmware: boolean): readonly EvidenceRule[] {
  return [
    { kind: 'data', proves: 'the factory data read back equal the image' },
    ...(programsFirmware
      ? [{ kind: 'firmware', proves: 'the firmware read back has the hash of its file' } as const]
      : []),
    { kind: 'key', proves: 'the key pair in the image read back is that of its DAC' },
  ]
}

/** What the octets of a board prove: that they are the image, that they are lawful, and that their keys belong together. */
export async function judgeReadBack(
  readBack: Uint8Array,
  image: Uint8Array,
  setting: FactoryDataSetting,
): Promise<readonly Evidence[]> {
  const facts = { sha256: toHex(sha256(readBack)) }
  if (!equalOctets(readBack, image)) {
    return [{ kind: 'data', ok: false, facts: { ...facts, problem: 'differs from the image' } }]
  }
  try {
    const { data, findings } = decodeImage(readBack)
    const all = [...findings, ...(await checkFactoryData(data, setting))]
    const rule = all.find(({ severity }) => severity === 'error')?.rule
    if (hasErrors(all) && rule !== undefined) {
      return [{ kind: 'data', ok: false, facts: { ...facts, problem: rule } }]
    }
    const hasKeyPair = data.dacPrivateKey !== undefined && data.dacPublicKey !== undefined
    return [
      { kind: 'data', ok: true, facts },
      // Without an error FD-039 and FD-040 hold: both keys are those of the certificate.
      ...(hasKeyPair ? [{ kind: 'key', ok: true, facts: { by: 'FD-039, FD-040' } } as const] : []),
    ]
  } catch (error) {
    if (!isKeylineError(error)) throw error
    return [{ kind: 'data', ok: false, facts: { ...facts, problem: error.code } }]
  }
}

export function judgeFirmware(readBack: Uint8Array, wanted: Uint8Array): Evidence {
  const found = toHex(sha256(readBack))
  return { kind: 'firmware', ok: found === toHex(sha256(wanted)), facts: { sha256: found } }
}
