import { layout, mapped, octets, remaining, u8, type Field } from '@keyline/bytes'
import { publicKeyFlags } from '../asymmetric-key.ts'
import {
  commandAccessRecords,
  commandEncryptionRecords,
  hostKeyControl,
  hostKeysV1,
  i2cParameters,
  passwordLength,
  symmetricKeyControl,
  Tag,
} from '../attribute.ts'
import { commandTable } from '../command.ts'
import { form, nothing, type Effect } from './form.ts'

interface Put<T> {
  readonly tag: number
  readonly name: string
  readonly section: string
  readonly effect: Effect
  readonly request: Field<T>
}

function put<T>({ tag, name, ...rest }: Put<T>) {
  const selector = [tag]
  return form(commandTable.putAttribute, {
    name: `Put ${name}`,
    selector,
    response: nothing,
    ...rest,
  })
}

/** Section 3.3: `10 tag [slot] value`, always raw. */
export const putForms = {
  /** The state stays a number: the chip refuses all but 03 and 83 with a status of its own. */
  putLifeCycleState: put({
    tag: Tag.lifeCycleState,
    name: 'life cycle state',
    section: '3.3.4',
    effect: 'stored',
    request: layout({ state: u8 }),
  }),
  putPassword: put({
    tag: Tag.password,
    name: 'password',
    section: '3.3.4',
    effect: 'stored',
    request: layout({
      password: octets(passwordLength),
      maxTries: mapped(
        remaining(0, 1),
        ([tries]) => tries,
        (tries: number | undefined) =>
          tries === undefined ? Uint8Array.of() : Uint8Array.of(tries),
      ),
    }),
  }),
  putI2cParameters: put({
    tag: Tag.i2cParameters,
    name: 'I2C parameters',
    section: '3.3.3',
    effect: 'stored',
    request: i2cParameters,
  }),
  putHostKeysV1: put({
    tag: Tag.hostKeySlotV1,
    name: 'host key slot V1',
    section: '5.2',
    effect: 'once',
    request: hostKeysV1,
  }),
  putCommandAccess: put({
    tag: Tag.commandAccess,
    name: 'command access conditions',
    section: '3.3.8',
    effect: 'once',
    request: commandAccessRecords,
  }),
  putCommandEncryption: put({
    tag: Tag.commandEncryption,
    name: 'command host encryption flags',
    section: '3.3.8',
    effect: 'once',
    request: commandEncryptionRecords,
  }),
  putHostKeyControl: put({
    tag: Tag.hostKeyControl,
    name: 'host key provisioning control fields',
    section: '5.1',
    effect: 'once',
    request: hostKeyControl,
  }),
  putSymmetricKeyControl: put({
    tag: Tag.symmetricKeyControl,
    name: 'symmetric key slot provisioning control fields',
    section: '5.1',
    effect: 'once',
    request: layout({ slot: u8, control: symmetricKeyControl }),
  }),
  putPublicKeyFlags: put({
    tag: Tag.publicKeyFlags,
    name: 'generic public key configuration flags',
    section: '3.7.7',
    effect: 'once',
    request: layout({ slot: u8, flags: publicKeyFlags }),
  }),
} as const
