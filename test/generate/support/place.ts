import { join } from 'node:path'
import { encodeUtf8, Secret } from '@keyline/bytes'
import {
  generateBatch,
  openStation,
  openUnitMaker,
  type GenerateBatchOptions,
  type GeneratedBatch,
  type GeneratePool,
  type GenerateSetup,
} from '@keyline/cli/wiring'
import { loadOrder, type LoadedOrder } from '@keyline/station'
import { passphrase } from '../../cli/support/pki.ts'
import { homeOf } from '../../support/line.ts'

/** A folder with an order, a PKI and a home, in which batches are generated. */
export interface Place {
  readonly folder: string
  /** The work order. */
  readonly order: string
  readonly pki: string
}

export type Change = Partial<Omit<GenerateBatchOptions, 'station'>>

/** Makes the units on this thread: a test needs no workers to be sure of them. */
export function onThisThread(_: number, setup: GenerateSetup): GeneratePool {
  // The maker wipes its passphrase, and the caller goes on with the store key.
  const [copy, storeKey] = [setup.passphrase.slice(), setup.storeKey.slice()]
  const maker = openUnitMaker({ ...setup, passphrase: copy, storeKey })
  return { make: async (range) => (await maker).make(range), close: () => Promise.resolve() }
}

export function loadTestOrder(path: string): Promise<LoadedOrder> {
  const image = { file: '', sha256: '', address: 0 }
  const images = { provisioning: image, application: image }
  return loadOrder(path, { id: 'unused', quantity: 1, images })
}

/** Generates a batch of the order, on this thread unless told otherwise. */
export async function generateAt(place: Place, change: Change = {}): Promise<GeneratedBatch> {
  const station = await openStation({ home: homeOf(place.folder), policy: 'test' })
  try {
    return await generateBatch({
      station,
      loaded: await loadTestOrder(place.order),
      pkiFolder: place.pki,
      passphrase: new Secret(encodeUtf8(passphrase)),
      units: 10,
      out: join(place.folder, 'units'),
      resume: false,
      isSealed: true,
      profile: 'wba',
      iterations: 1000,
      jobs: 1,
      chunkUnits: 4,
      openPool: onThisThread,
      ...change,
    })
  } finally {
    await station.close()
  }
}
