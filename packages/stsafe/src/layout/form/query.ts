import { layout, u8, type Field } from '@keyline/bytes'
import { localEnvelopeTable, privateKeyTable, publicKeySlot } from '../asymmetric-key.ts'
import {
  commandAuthorization,
  hostKeyControl,
  hostKeySlotV1,
  hostKeySlotV2,
  i2cParameters,
  lifeCycleState,
  passwordSlot,
  productData,
  symmetricKeyControl,
  Tag,
} from '../attribute.ts'
import { commandTable } from '../command.ts'
import { symmetricKeyTable } from '../symmetric-key.ts'
import { partitionTable } from '../zone.ts'
import { form, nothing, type CommandForm } from './form.ts'

function query<T>(tag: number, name: string, section: string, response: Field<T>) {
  const selector = [tag]
  return form(commandTable.query, {
    name: `Query ${name}`,
    selector,
    section,
    request: nothing,
    response,
  })
}

function querySlot<T>(
  tag: number,
  name: string,
  section: string,
  response: Field<T>,
): CommandForm<{ readonly slot: number }, T> {
  const request = layout({ slot: u8 })
  const selector = [tag]
  return form(commandTable.query, { name: `Query ${name}`, selector, section, request, response })
}

/** Section 3.3: `14 tag [slot]`, always raw. */
export const queryForms = {
  queryLocalEnvelopeTable: query(
    Tag.localEnvelopeTable,
    'local envelope key table',
    '3.3.4',
    localEnvelopeTable,
  ),
  queryLifeCycleState: query(Tag.lifeCycleState, 'life cycle state', '3.3.4', lifeCycleState),
  queryPassword: query(Tag.password, 'password slot', '3.3.4', passwordSlot),
  queryI2cParameters: query(Tag.i2cParameters, 'I2C parameters', '3.3.3', i2cParameters),
  queryProductData: query(Tag.productData, 'product data', '3.3.5', productData),
  queryPartitionTable: query(Tag.partitionTable, 'data partition', '3.6.1', partitionTable),
  queryPrivateKeyTable: query(Tag.privateKeyTable, 'private key table', '3.7.1', privateKeyTable),
  queryHostKeySlotV1: query(Tag.hostKeySlotV1, 'host key slot V1', '3.3.6', hostKeySlotV1),
  queryHostKeySlotV2: query(Tag.hostKeySlotV2, 'host key slot V2', '3.3.6', hostKeySlotV2),
  querySymmetricKeyTable: query(
    Tag.symmetricKeyTable,
    'symmetric key table',
    '3.9.4',
    symmetricKeyTable,
  ),
  queryCommandAuthorization: query(
    Tag.commandAuthorization,
    'command authorization',
    '3.3.7',
    commandAuthorization,
  ),
  queryPublicKeyCount: query(
    Tag.publicKeyTable,
    'generic public key slot count',
    '3.7.7',
    layout({ count: u8 }),
  ),
  queryHostKeyControl: query(
    Tag.hostKeyControl,
    'host key provisioning control fields',
    '5.1',
    hostKeyControl,
  ),
  querySymmetricKeyControl: querySlot(
    Tag.symmetricKeyControl,
    'symmetric key slot provisioning control fields',
    '5.1',
    symmetricKeyControl,
  ),
  queryPublicKeySlot: querySlot(
    Tag.publicKeySlot,
    'generic public key slot',
    '3.7.7',
    publicKeySlot,
  ),
} as const
