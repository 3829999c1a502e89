import {
  Crypto,
  Entropy,
  Environment,
  Logger,
  LogLevel,
  MemoryStorageDriver,
  Network,
  NetworkSimulator,
  Seconds,
  StandardCrypto,
  StorageService,
} from '@matter/general'
import { ControllerBehavior, ServerNode } from '@matter/node'
import { type AttestationFinding, DclCertificateService } from '@matter/protocol'
import { QrPairingCodeCodec } from '@matter/types'
import { type DeviceMemory, startDevice } from './device.ts'
import { startLedgerStub } from './ledger-stub.ts'
import { LoopbackNetwork } from './loopback-network.ts'

/** A device to commission, and the code a person would scan. */
export interface ScannedUnit extends DeviceMemory {
  /** The QR payload, `MT:…`. */
  readonly qrCode: string
}

/** What the commissioner trusts, as DER certificates. It knows no others. */
export interface CommissionerTrust {
  readonly paas: readonly Uint8Array[]
  readonly declarationSigners: readonly Uint8Array[]
}

export interface CommissioningOutcome {
  /** The device joined the fabric and answered over its operational session. */
  readonly accepted: boolean
  /** What the commissioner found in the attestation; anything above `info` made it refuse. */
  readonly findings: readonly AttestationFinding[]
  /** Why the commissioning ended, where it was not accepted. */
  readonly reason?: string
  /** The paths the commissioner asked its ledger for. */
  readonly askedOfLedger: readonly string[]
}

/** How long the commissioner looks for the device, and then tries PASE. Both take below 1 s. */
const patience = Seconds(20)

/**
 * Commissions one unit with matter.js on both sides, over the loopback interface: discovery by the
 * code, PASE, attestation, operational certificates, CASE. Refuses findings above `info`.
 */
export async function commission(
  unit: ScannedUnit,
  trust: CommissionerTrust,
): Promise<CommissioningOutcome> {
  Logger.level = LogLevel.FATAL
  const ledger = await startLedgerStub()
  const discovery = new NetworkSimulator()
  const device = await startDevice(nodeEnvironment('device', discovery, 1), unit)
  const environment = nodeEnvironment('commissioner', discovery, 2)
  const certificates = await holdCertificates(environment, trust, ledger.url)
  const commissioner = await startCommissioner(environment)
  let findings: readonly AttestationFinding[] = []
  try {
    const { passcode, discriminator: longDiscriminator } = scan(unit.qrCode)
    const found = await commissioner.peers.locate({ longDiscriminator, timeout: patience })
    await found.commission({
      passcode,
      timeout: patience,
      autoSubscribe: false,
      autoStateInitialize: false,
      onAttestationFailure: (found) => {
        findings = found
        return found.every(({ level }) => level === 'info')
      },
    })
    return { accepted: true, findings, askedOfLedger: ledger.asked }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { accepted: false, findings, reason, askedOfLedger: ledger.asked }
  } finally {
    await commissioner.close()
    await device.close()
    await certificates.close()
    await ledger.close()
  }
}

function scan(qrCode: string): { readonly passcode: number; readonly discriminator: number } {
  const [payload] = QrPairingCodeCodec.decode(qrCode)
  if (payload === undefined) throw new Error(`the code ${qrCode} holds no payload`)
  return { passcode: payload.passcode, discriminator: payload.discriminator }
}

/** A root environment per node: nothing is shared between device and commissioner but the wire. */
function nodeEnvironment(name: string, discovery: NetworkSimulator, host: number): Environment {
  const environment = new Environment(name)
  const crypto = new StandardCrypto()
  environment.set(Crypto, crypto)
  environment.set(Entropy, crypto)
  environment.set(Network, new LoopbackNetwork(discovery, `02:00:00:00:00:0${host}`))
  const storage = new StorageService(environment)
  storage.registerDriver(MemoryStorageDriver)
  storage.defaultDriver = MemoryStorageDriver.id
  return environment
}

async function holdCertificates(
  environment: Environment,
  { paas, declarationSigners }: CommissionerTrust,
  ledgerUrl: string,
): Promise<DclCertificateService> {
  const service = new DclCertificateService(environment, {
    dclConfig: { url: ledgerUrl },
    testDclConfig: { url: ledgerUrl },
    fetchTestCertificates: false,
    fetchGithubCertificates: false,
    updateInterval: null,
  })
  await service.construction
  for (const paa of paas) await service.addCertificate(paa, 'PAA', { isProduction: true })
  for (const signer of declarationSigners) {
    await service.addCertificate(signer, 'CDSigner', { isProduction: true })
  }
  return service
}

async function startCommissioner(environment: Environment): Promise<ServerNode> {
  const commissioner = await ServerNode.create(ServerNode.RootEndpoint.with(ControllerBehavior), {
    id: 'commissioner',
    environment,
    network: { port: 0 },
    controller: { adminFabricLabel: 'production line', ble: false },
    commissioning: { enabled: false },
  })
  await commissioner.start()
  return commissioner
}
