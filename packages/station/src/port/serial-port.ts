/**
 * An open serial line, 115 200 bit/s 8N1. Octets arrive in any pieces.
 * The reader sees everything from the open on; what arrived before is discarded.
 */
export interface SerialPort {
  /** Octets in the order of arrival; ends when the port is closed or vanishes. */
  readonly received: AsyncIterable<Uint8Array>
  write(octets: Uint8Array): Promise<void>
  close(): Promise<void>
}

/** Opens ports by the name that the programmer lists. Opening is exclusive. */
export interface SerialPorts {
  open(name: string): Promise<SerialPort>
}
