import type { VectorCheck, VectorFile } from './case.ts'

/** One file of vectors that is known: where it stands, how its vectors look, and who reads it. */
export interface KnownFile {
  /** Path from the group on. */
  readonly path: string
  /** Members that each of its vectors has, enough to know the file under another name; one of several names. */
  readonly members: ReadonlyArray<readonly string[]>
  /** Nothing when no room reads it yet. */
  readonly load: (() => Promise<VectorReaders>) | undefined
}

/** What reads a file: a check, and the results that each way of checking owes where there are several. */
export interface VectorReaders {
  readonly check: VectorCheck
  readonly owed?: (file: VectorFile) => ReadonlyMap<string, readonly string[]>
}

type Loader = NonNullable<KnownFile['load']>

const chains: Loader = () => import('./matter-chains.ts')
const declarations: Loader = () => import('./matter-cd.ts')
const attestation: Loader = () => import('./matter-attestation.ts')
const requests: Loader = () => import('./matter-csr-served.ts')
const issuing: Loader = () => import('./matter-csr.ts')
const factoryData: Loader = () => import('./matter-factory-data.ts')
const onboarding: Loader = () => import('./matter-onboarding.ts')
const spake2p: Loader = () => import('./matter-spake2p.ts')
const tlv: Loader = () => import('./matter-tlv.ts')
const serial: Loader = () => import('./matter-serial.ts')
const programmer: Loader = () => import('./matter-programmer-cli.ts')
const station: Loader = () => import('./matter-station.ts')

/** The Matter files; those with more telling members stand before those that they would be taken for. */
export const knownFiles: readonly KnownFile[] = [
  file('attestation/dut-cd.json', 'attestationElements deviceConformant', attestation),
  file('attestation/dut-dac.json', 'attestationElements deviceConformant', attestation),
  file('attestation/dut-pai.json', 'attestationElements deviceConformant', attestation),
  file('attestation/exchange.json', 'attestationElements allowTestCdKey', attestation),
  file('attestation/revocation.json', 'dacRevoked paiRevoked', attestation),
  file('cd/certification-declarations.json', 'cms elements', declarations),
  file('cd/signers.json', 'policy skid akid publicKey der', declarations),
  file('chains/dac.json', 'role der profileProblems issuers', chains),
  file('chains/paa-pai.json', 'role der profileProblems issuers', chains),
  file('chains/triples.json', 'dac pai paa problems', chains),
  file('csr/issue.json', 'paiDer subjectPublicKey issuedAt', issuing),
  file('csr/requests.json', 'csrDer job policy', requests),
  file('attestation/cn-fallback.json', 'commonName vendorId productId valid', attestation),
  file('factory-data/encode.json', 'input binary sha256', factoryData),
  file('factory-data/invalid-binary.json', 'image expectedRules', factoryData),
  file('factory-data/invalid-input.json', 'base set remove expectedRules', factoryData),
  file('factory-data/provisioning-firmware.json', 'before finish after', factoryData),
  file('factory-data/read.json', 'image reads regionSize', factoryData),
  file('onboarding/base38.json', 'base38 valid', onboarding),
  file('onboarding/manual.json', 'code valid', onboarding),
  file('onboarding/nfc.json', 'ndefMessage type2Tlv', onboarding),
  file('onboarding/qr-invalid.json', 'qr error', onboarding),
  file('onboarding/qr.json', 'payload packed qr', onboarding),
  file('onboarding/qr-concatenated.json', 'qr|scanned payloads|extracted origin', onboarding),
  file('onboarding/verhoeff.json', 'digits check', onboarding),
  file('programmer-cli/outputs.json', 'stdout exitCode parsed', programmer),
  file('programmer-cli/argv.json', 'argv', programmer),
  file('serial/frames.json', 'valid lines|line', serial),
  file('serial/pxp-session.json', 'from line', serial),
  file('serial/transcripts.json', 'profile events expect', serial),
  file('spake2p/invalid.json', 'passcode salt iterations rule', spake2p),
  file('spake2p/verifiers.json', 'passcode salt w0 L', spake2p),
  file('station/cli-args.json', 'args errors warnings', station),
  file('station/plans.json', 'args boards operations', station),
  file('tlv/elements.json', 'meaning tlv', tlv),
]

function file(path: string, members: string, load?: Loader): KnownFile {
  return {
    path: `matter/${path}`,
    members: members.split(' ').map((names) => names.split('|')),
    load,
  }
}
