import type { Evidence } from '@keyline/ledger/records'
import { verifyAttestation, verifyCredentials, type AttestationFailure } from '@keyline/matter'
import type { BasicInformation } from '@keyline/matter/pxp'
import { parseCertificate } from '@keyline/x509'
import {
  askBasicInformation,
  runApplicationDialogue,
  type ApplicationAnswers,
} from '../dialogue/application-dialogue.ts'
import { StationError } from '../errors.ts'
import { judgingTime } from '../evidence/issued-chain.ts'
import { openPort } from './open-port.ts'
import type { Step } from './step.ts'
import type { UnitWork } from './unit-work.ts'

/**
 * The application says who it is, and signs a fresh nonce; the commissioner's checks run over its answer. With published
 * credentials there is nothing to attest.
 */
export const attest: Step = {
  name: 'attest',
  title: 'attest like a commissioner',
  deadlineMs: 120_000,
  async act(work, signal) {
    const { clock, random } = work.parts
    // An application takes the same question again for a repetition on the line.
    if (work.isDemo && work.evidence.some(({ kind }) => kind === 'version')) return []
    const port = await openPort(work, signal)
    const options = { port, clock, signal, onLog: work.onLog }
    if (work.isDemo) return versionOf(await askBasicInformation(options))
    const answers = await runApplicationDialogue({ ...options, random })
    return [...versionOf(answers.basicInformation), ...judge(work, answers)]
  },
}

/**
 * The check of a device whose application answers no questions: PROOF stands for the signature over a nonce, and what
 * was read back for its answer. Source: provisioning-station section 10.
 */
export const attestByProof: Step = {
  name: 'attest',
  title: 'check the credentials like a commissioner',
  deadlineMs: 20_000,
  act(work) {
    if (work.isDemo) return Promise.resolve([])
    const { clock, trust } = work.parts
    const { dac, pai } = work.requireCredentials()
    const { vendorId, productId } = work.matter.order.product
    const result = verifyCredentials({
      dac,
      pai,
      certificationDeclaration: work.matter.declaration,
      basicInformation: { vendorId, productId },
      time: judgingTime(parseCertificate(dac), clock.now()),
      trust,
    })
    if (!result.ok) requireSoundChain(result)
    const facts = result.ok
      ? { checks: 'ATT-02…ATT-25', signature: 'PROOF', notApplicable: 'ATT-14, ATT-15' }
      : { check: result.check, result: result.sdkResult }
    return Promise.resolve([{ kind: 'attestation', ok: result.ok, facts }])
  },
}

/** An application that does not tell its version leaves the evidence out. */
export function versionOf({
  softwareVersionString: version,
}: BasicInformation): readonly Evidence[] {
  return version === undefined ? [] : [{ kind: 'version', ok: true, facts: { version } }]
}

function judge(work: UnitWork, answers: ApplicationAnswers): readonly Evidence[] {
  const { clock, trust } = work.parts
  const { dac, pai } = work.requireCredentials()
  const result = verifyAttestation({
    dac,
    pai,
    elements: answers.elements,
    signature: answers.signature,
    nonce: answers.nonce,
    challenge: answers.challenge,
    basicInformation: answers.basicInformation,
    time: judgingTime(parseCertificate(dac), clock.now()),
    trust,
  })
  if (!result.ok) {
    requireSoundChain(result)
    const facts = { check: result.check, result: result.sdkResult }
    return [{ kind: 'attestation', ok: false, facts }]
  }
  const { vendorId, productId } = work.matter.order.product
  const { basicInformation } = answers
  const isProduct =
    basicInformation.vendorId === vendorId && basicInformation.productId === productId
  return [
    { kind: 'attestation', ok: isProduct, facts: { checks: 'ATT-02…ATT-25' } },
    { kind: 'key', ok: true, facts: { by: 'ATT-08' } },
  ]
}

/** Checks of the certificates that were issued. They held when the board got them, so the board is not to blame. */
const chainChecks: ReadonlySet<string> = new Set([
  'ATT-02',
  'ATT-03',
  'ATT-04',
  'ATT-05',
  'ATT-06',
  'ATT-07',
  'ATT-09',
  'ATT-10',
  'ATT-11',
  'ATT-12',
  'ATT-13',
] satisfies readonly AttestationFailure['check'][])

/** @throws StationError `STATION_CERTIFICATE_REFUSED` */
function requireSoundChain({ check, finding }: AttestationFailure): void {
  if (!chainChecks.has(check)) return
  throw new StationError(
    'STATION_CERTIFICATE_REFUSED',
    `the chain of the board does not hold any more: ${check}, ${finding.message}`,
    { remedy: finding.remedy },
  )
}
