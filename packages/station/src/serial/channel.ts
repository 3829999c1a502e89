/**
 * An open line as the operating system gives it. Any of its promises may never come back: whoever calls them has a
 * deadline of its own.
 */
export interface Channel {
  /** The next octets, at least one; `undefined` when the line has ended. Rejects when it fails. */
  read(): Promise<Uint8Array | undefined>
  /** Ends when the system has taken the octets, not when they have left. One call at a time. */
  write(octets: Uint8Array): Promise<void>
  /** Forgets what waits in either direction. */
  discard(): Promise<void>
  close(): Promise<void>
}

/** A line that can be opened. */
export interface Line {
  /** Opens it for this process alone. @throws StationError of the serial port */
  open(): Promise<Channel>
  /** False when the system does not list it any more. */
  isPresent(): Promise<boolean>
  /** How often that is asked of an open line, milliseconds. */
  readonly watchMs: number
}
