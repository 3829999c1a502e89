import { concat, encodeUtf8, toHex, type Clock } from '@keyline/bytes'
import {
  deriveHostKeys,
  openStsafe,
  stNumberOf,
  StsafeError,
  type MasterKey,
  type Stsafe,
  type Transport,
  type TypedHostKeys,
} from '@keyline/stsafe'
import type { ElementIdentity, SecureElement } from '@keyline/station'

export interface SecureElementOptions {
  /** Opens the bus to the chip on the board of a probe. */
  readonly openBus: (probe: string, signal: AbortSignal | undefined) => Promise<Transport>
  /** The keys of every chip are made of it and of the chip's number: no list of keys is kept. */
  readonly master: MasterKey
  readonly clock: Clock
}

type CallOptions = { readonly signal?: AbortSignal | undefined }

const hostKeyType = 'AES-128'
const keyLength = 16
const keyLabel = encodeUtf8('keyline symmetric key')

/** Secure elements STSAFE-A120 beside the microcontrollers of a line. */
export function stsafeElement({ openBus, master, clock }: SecureElementOptions): SecureElement {
  const withChip = async <T>(
    probe: string,
    { signal }: CallOptions,
    work: (chip: Stsafe, stNumber: Uint8Array) => Promise<T>,
  ): Promise<T> => {
    await using chip = await openStsafe(await openBus(probe, signal), { clock, signal })
    return await work(chip, stNumberOf(await chip.device.productData({ signal })))
  }
  /** The chip that was identified, with its host keys for the time of the work. */
  const withHostKeys = <T>(
    probe: string,
    element: ElementIdentity,
    options: CallOptions,
    work: (chip: Stsafe, keys: TypedHostKeys, stNumber: Uint8Array) => Promise<T>,
  ): Promise<T> =>
    withChip(probe, options, async (chip, stNumber) => {
      requireSame(element, stNumber)
      const keys = await deriveHostKeys(master, stNumber, hostKeyType)
      try {
        return await work(chip, keys, stNumber)
      } finally {
        keys.macKey.wipe()
        keys.cipherKey.wipe()
      }
    })
  return {
    identify: (probe, options = {}) =>
      withChip(probe, options, async (chip, stNumber) => ({
        serialNumber: toHex(stNumber),
        hasHostKeys: (await chip.hostKeys.slot(options)).presence,
      })),
    provisionHostKeys: (probe, element, options = {}) =>
      withHostKeys(probe, element, options, async (chip, keys, stNumber) => {
        const { allowed } = await chip.hostKeys.control(options)
        await (allowed.wrappedAnonymous
          ? chip.hostKeys.provisionWrapped(keys, { ...options, curve: 'P-256' })
          : chip.hostKeys.provision(keys, options))
        return { keyId: keyIdOf('host', stNumber) }
      }),
    proveHostKeys: (probe, element, options = {}) =>
      withHostKeys(probe, element, options, (chip, keys) => chip.hostKeys.prove(keys, options)),
    provisionKey: (probe, element, slot, options = {}) =>
      withHostKeys(probe, element, options, async (chip, hostKeys, stNumber) => {
        await chip.openSession(hostKeys, options)
        await allowWrapped(chip, slot, options)
        using key = await master.derive(concat(keyLabel, stNumber, Uint8Array.of(slot)), keyLength)
        const information = {
          slot,
          lock: 'unlocked',
          type: 'AES-128',
          mode: 'CMAC',
          usage: ['generateMac', 'verifyMac'],
          minMacLength: 8,
        } as const
        await chip.symmetricKeys.writeWrapped(information, key, { ...options, curve: 'P-256' })
        return { keyId: keyIdOf(`slot ${slot}`, stNumber) }
      }),
  }
}

/** A slot from the factory takes no wrapped keys; the right to change that stays. */
async function allowWrapped(chip: Stsafe, slot: number, options: CallOptions): Promise<void> {
  const control = await chip.symmetricKeys.control(slot, options)
  if (control.allowed.wrappedAnonymous) return
  const allowed = { ...control.allowed, wrappedAnonymous: true }
  await chip.symmetricKeys.putControl(slot, { ...control, allowed }, options)
}

/** @throws StsafeError `STSAFE_OTHER_CHIP` */
function requireSame({ serialNumber }: ElementIdentity, stNumber: Uint8Array): void {
  const found = toHex(stNumber)
  if (found === serialNumber) return
  throw new StsafeError(
    'STSAFE_OTHER_CHIP',
    `the chip ${found} answers in place of ${serialNumber}`,
  )
}

function keyIdOf(kind: string, stNumber: Uint8Array): string {
  return `${kind} key of ${toHex(stNumber)}`
}
