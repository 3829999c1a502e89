import { BoardError } from '../errors.ts'
import type { FlashGeometry } from '../part/part.ts'
import type { Flash } from './flash.ts'

/** The flash memories of a board in one address space. */
export class Memory {
  readonly internal: Flash
  readonly external: Flash | undefined

  constructor(internal: Flash, external?: Flash) {
    this.internal = internal
    this.external = external
  }

  /** Geometry of the memory at an address. @throws BoardError `BOARD_ADDRESS` */
  geometryAt(address: number): FlashGeometry {
    return this.at(address).geometry
  }

  /** The memory at an address. @throws BoardError `BOARD_ADDRESS` */
  at(address: number): Flash {
    if (this.internal.contains(address)) return this.internal
    if (this.external?.contains(address) === true) return this.external
    throw new BoardError(
      'BOARD_ADDRESS',
      `0x${address.toString(16).toUpperCase().padStart(8, '0')} is outside of the flash memories`,
    )
  }

  /** As {@link Flash.read}. */
  read(address: number, length: number): Uint8Array<ArrayBuffer> {
    return this.at(address).read(address, length)
  }

  /** As {@link Flash.erase}. */
  erase(address: number, length: number): number {
    return this.at(address).erase(address, length)
  }

  /** As {@link Flash.program}. */
  program(address: number, octets: Uint8Array): void {
    this.at(address).program(address, octets)
  }

  /** As {@link Flash.requireProgrammable}. */
  requireProgrammable(address: number, length: number): void {
    this.at(address).requireProgrammable(address, length)
  }

  /** As {@link Flash.flipBit}. */
  flipBit(address: number, bit = 0): void {
    this.at(address).flipBit(address, bit)
  }

  /** As {@link Flash.holds}. */
  holds(address: number, octets: Uint8Array): boolean {
    return this.at(address).holds(address, octets)
  }

  close(): void {
    this.internal.close()
    this.external?.close()
  }
}
