import type { Secret } from '@keyline/bytes'
import { decodeImage, type FactoryData, type FactoryDataField } from '@keyline/matter'
import type { Environment } from '@matter/general'
import { CommissioningServer, ServerNode } from '@matter/node'
import { OnOffLightDevice } from '@matter/node/devices/on-off-light'
import { DeviceCommissioner, PaseServer, SessionManager } from '@matter/protocol'
import { VendorId } from '@matter/types'

/** What a finished board holds. */
export interface DeviceMemory {
  /** The factory-data image, as read back from the board. */
  readonly image: Uint8Array
  /** The scalar of the device key (32 octets, big endian), where the board keeps it elsewhere. */
  readonly devicePrivateKey?: Secret | undefined
}

/**
 * Starts a light that knows of itself only what its memory says. It runs PASE from the salt,
 * iterations and verifier of the image and is never told a passcode, and it attests with the device
 * key, DAC, PAI and declaration.
 */
export async function startDevice(
  environment: Environment,
  { image, devicePrivateKey }: DeviceMemory,
): Promise<ServerNode> {
  const { data } = decodeImage(image)
  const device = await ServerNode.create(ServerNode.RootEndpoint.with(commissioningFrom(data)), {
    id: 'device',
    environment,
    network: { port: 0 },
    basicInformation: {
      vendorId: VendorId(stored(data, 'vendorId')),
      vendorName: stored(data, 'vendorName'),
      productId: stored(data, 'productId'),
      productName: stored(data, 'productName'),
      serialNumber: stored(data, 'serialNumber'),
    },
    operationalCredentials: {
      certification: {
        privateKey: (devicePrivateKey ?? stored(data, 'dacPrivateKey')).reveal(),
        certificate: stored(data, 'dacCertificate'),
        intermediateCertificate: stored(data, 'paiCertificate'),
        declaration: stored(data, 'certificationDeclaration'),
      },
    },
    parts: [{ type: OnOffLightDevice, id: 'light' }],
  })
  await device.start()
  return device
}

/** Opens the commissioning window with a verifier instead of a passcode. */
function commissioningFrom(data: FactoryData) {
  return class VerifierCommissioning extends CommissioningServer {
    override async enterCommissionableMode() {
      const sessions = this.env.get(SessionManager)
      const pase = PaseServer.fromVerificationValue(sessions, stored(data, 'verifier'), {
        iterations: stored(data, 'iterations'),
        salt: stored(data, 'salt'),
      })
      const discriminator = stored(data, 'discriminator')
      const commissioner = this.env.get(DeviceCommissioner)
      await commissioner.allowEnhancedCommissioning(discriminator, pase, () => undefined)
    }
  }
}

/** A field of the image; a missing one is a thrown error. */
export function stored<F extends FactoryDataField>(
  data: FactoryData,
  field: F,
): NonNullable<FactoryData[F]> {
  const value = data[field]
  if (value === undefined) throw new Error(`the image holds no ${field}`)
  return value
}
