import type { UnitSecrets, WorkOrder } from '@keyline/ledger/records'
import type { FactoryData } from '@keyline/matter'

export interface UnitImageInput {
  readonly order: Pick<WorkOrder, 'product' | 'commissioning'>
  readonly declaration: Uint8Array
  readonly serialNumber: string
  readonly secrets: UnitSecrets
}

/** The factory data of one unit before its credentials: product of the order, identity of the unit. */
export function factoryDataOf(input: UnitImageInput): FactoryData {
  const { order, secrets } = input
  const { product } = order
  return {
    certificationDeclaration: input.declaration,
    discriminator: secrets.discriminator,
    iterations: secrets.iterations,
    salt: secrets.salt,
    verifier: secrets.verifier,
    ...(order.commissioning.storePasscode ? { passcode: secrets.passcode } : {}),
    vendorName: product.vendorName,
    vendorId: product.vendorId,
    productName: product.productName,
    productId: product.productId,
    serialNumber: input.serialNumber,
    hardwareVersion: product.hardwareVersion,
    hardwareVersionString: product.hardwareVersionString,
  }
}
