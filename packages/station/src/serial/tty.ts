import { stat } from 'node:fs/promises'
import type { SerialPort as SerialPortClass } from 'serialport'
import { StationError } from '../errors.ts'
import type { Channel, Line } from './channel.ts'

/** 115 200 bit/s 8N1 without flow control; closing leaves DTR as it is. Source: provisioning-station section 6.1. */
const settings = {
  baudRate: 115_200,
  dataBits: 8,
  stopBits: 1,
  parity: 'none',
  rtscts: false,
  xon: false,
  xoff: false,
  xany: false,
  hupcl: false,
  lock: true,
} as const

const pieceLength = 4096

type Library = typeof SerialPortClass

/**
 * A tty of this machine.
 * @param load gives the serialport library, which is loaded when the first port opens
 */
export function ttyLine(path: string, load: () => Promise<unknown> = importLibrary): Line {
  const isWindows = process.platform === 'win32'
  return {
    open: async () => openTty(await libraryOf(load), path),
    isPresent: async () => (isWindows ? isListed(await libraryOf(load), path) : hasNode(path)),
    watchMs: isWindows ? 2000 : 250,
  }
}

/**
 * Nothing here drains: a drain keeps a thread of the pool that all slots share until the last octet has left, and a
 * line that stands still would keep it for ever.
 */
async function openTty(library: Library, path: string): Promise<Channel> {
  const port = await library.binding.open({ path, ...settings }).catch((cause: unknown) => {
    throw openError(path, cause)
  })
  const buffer = Buffer.alloc(pieceLength)
  return {
    read: async () => {
      const { bytesRead } = await port.read(buffer, 0, pieceLength)
      return Uint8Array.from(buffer.subarray(0, bytesRead))
    },
    write: (octets) => port.write(Buffer.from(octets)),
    discard: () => port.flush(),
    close: () => port.close(),
  }
}

const causes = [
  {
    words: /cannot lock|resource busy|access denied/i,
    code: 'STATION_PORT_BUSY',
    what: 'is held by another program',
  },
  {
    words: /permission denied|not permitted/i,
    code: 'STATION_PORT_DENIED',
    what: 'may not be opened by this user',
  },
  {
    words: /no such|file not found|cannot find/i,
    code: 'STATION_PORT_MISSING',
    what: 'does not exist',
  },
] as const

function openError(path: string, cause: unknown): StationError {
  const text = cause instanceof Error ? cause.message : String(cause)
  const known = causes.find(({ words }) => words.test(text))
  return known === undefined
    ? new StationError('STATION_PORT', `${path} does not open: ${text}`, { cause })
    : new StationError(known.code, `${path} ${known.what}`, { cause })
}

async function hasNode(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function isListed(library: Library, path: string): Promise<boolean> {
  const ports = await library.binding.list()
  return ports.some((port) => port.path.toUpperCase() === path.toUpperCase())
}

function importLibrary(): Promise<unknown> {
  return import('serialport')
}

async function libraryOf(load: () => Promise<unknown>): Promise<Library> {
  try {
    const loaded = await load()
    if (hasLibrary(loaded)) return loaded.SerialPort
    throw new TypeError('it has no SerialPort')
  } catch (cause) {
    throw new StationError('STATION_SERIAL_LIBRARY', 'the library serialport cannot be loaded', {
      cause,
    })
  }
}

function hasLibrary(loaded: unknown): loaded is { readonly SerialPort: Library } {
  return (
    typeof loaded === 'object' &&
    loaded !== null &&
    'SerialPort' in loaded &&
    typeof loaded.SerialPort === 'function'
  )
}
