import { seededRandom, type Random } from '@keyline/bytes'
import {
  InitialAttestation,
  KeyWrapEngine,
  Lifetime,
  PsaCrypto,
  simulatedLifecycle,
  Usage,
  Algorithm,
  KeyType,
  type KeyAttributes,
  type KeyWrapEngineOptions,
} from '@keyline/psa'
import { Ccb, ChipSecrets } from '@keyline/psa/ccb'
import { InternalTrustedStorage, memoryMedium } from '@keyline/psa/its'
import {
  BootModule,
  componentEntry,
  encodeBootRecord,
  simulatedImplementationId,
} from '@keyline/eat'
import type { DriverKey } from '@keyline/psa'

export interface PsaDeviceOptions {
  /** Wrapping key of the chip; one of its own unless given. */
  readonly dhuk?: Uint8Array | undefined
  /** For the CCB alone, so that an IV can be forced. */
  readonly ccbRandom?: Random | undefined
  readonly engine?: Partial<KeyWrapEngineOptions> | undefined
  readonly builtInKeys?: readonly DriverKey[] | undefined
}

export interface PsaDevice {
  readonly crypto: PsaCrypto
  readonly ccb: Ccb
  readonly storage: InternalTrustedStorage
}

/** A device in memory with the Key Wrap Engine over a CCB of its own, started. */
export function psaDevice(options: PsaDeviceOptions = {}): PsaDevice {
  const random = seededRandom('device of the vectors')
  const { dhuk = new Uint8Array(32).fill(0x5a), ccbRandom = random } = options
  const ccb = new Ccb({
    chip: ChipSecrets.withDhuk(dhuk),
    state: () => ({ rdp: 1, isSecure: false, isPrivileged: true }),
    random: ccbRandom,
  })
  const storage = new InternalTrustedStorage({
    medium: memoryMedium(),
    hardwareUniqueKey: new Uint8Array(32).fill(0x11),
    random,
  })
  const { builtInKeys } = options
  const engine = new KeyWrapEngine({ ccb, random, ...options.engine })
  const crypto = new PsaCrypto({ storage, random, drivers: [engine], builtInKeys })
  crypto.init()
  return { crypto, ccb, storage }
}

export const wrappedSigningKey: KeyAttributes = {
  type: KeyType.eccPairSecpR1,
  bits: 256,
  lifetime: Lifetime.keyWrapEngine,
  id: 1,
  usage: Usage.signHash,
  algorithm: Algorithm.ecdsaSha256,
}

/** The attestation service of a device, over a key that it generates. */
export function attestationOf({ crypto }: PsaDevice): InitialAttestation {
  crypto.generateKey(wrappedSigningKey)
  const component = {
    measurementType: 'BL',
    measurementValue: new Uint8Array(32).fill(0xab),
    signerId: new Uint8Array(32).fill(0xcd),
  }
  const service = new InitialAttestation({
    crypto,
    key: { attributes: wrappedSigningKey },
    platform: {
      bootSeed: new Uint8Array(32).fill(0x33),
      implementationId: simulatedImplementationId({ partName: 'U385', bootRomVersion: '1.0.0' }),
      securityLifecycle: simulatedLifecycle({ rdp: 1 }),
      bootRecord: encodeBootRecord([componentEntry(BootModule.spe, component)]),
    },
  })
  service.init()
  return service
}
