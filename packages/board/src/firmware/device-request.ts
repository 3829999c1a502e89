import { p256PublicKey } from '@keyline/crypto'
import { buildRequest, derInteger, derSequence, name, Oid } from '@keyline/x509'
import { MatterOid } from '@keyline/matter'
import type { SigningKey } from '../storage/signing-key.ts'

/** What the factory data says of the product; it becomes the subject of the request. */
export interface ProductIdentity {
  readonly vendorId: number
  readonly productId: number
  readonly serialNumber: string
}

/** PKCS#10 DER: subject with serial number, VID and PID, signed by the key of the device. */
export function buildDeviceRequest(
  key: SigningKey,
  identity: ProductIdentity,
): Promise<Uint8Array<ArrayBuffer>> {
  const { vendorId, productId, serialNumber } = identity
  const point = key.publicKey
  return buildRequest({
    subject: name([
      { type: Oid.commonName, value: serialNumber },
      { type: MatterOid.vendorId, value: fourDigits(vendorId) },
      { type: MatterOid.productId, value: fourDigits(productId) },
    ]),
    signer: {
      publicKey: {
        point,
        get handle() {
          return p256PublicKey(point).handle
        },
      },
      sign: (message) => Promise.resolve(derSignature(key.sign(message))),
    },
  })
}

function derSignature(signature: Uint8Array): Uint8Array {
  return derSequence(derInteger(signature.subarray(0, 32)), derInteger(signature.subarray(32)))
}

function fourDigits(value: number): string {
  return value.toString(16).toUpperCase().padStart(4, '0')
}
