import { systemClock, type Clock } from '@keyline/bytes'
import { StationError } from '../errors.ts'
import type { SerialPort, SerialPorts } from '../port/serial-port.ts'
import type { Line } from './channel.ts'
import {
  openSerialPort,
  serialLimits,
  type AbandonedPort,
  type SerialLimits,
} from './open-serial-port.ts'
import { parsePortName, type PortPlace } from './port-name.ts'
import { tcpLine } from './tcp.ts'
import { ttyLine } from './tty.ts'

export interface SerialPortsOptions {
  readonly clock?: Clock | undefined
  readonly limits?: Partial<SerialLimits> | undefined
  /** Hears of each handle that may have leaked, for the log of the station. */
  readonly onAbandoned?: ((port: AbandonedPort) => void) | undefined
  /** Hears of each port that carried no text: the firmware sends at another bit rate, or the line is bad. */
  readonly onGarbled?: ((name: string) => void) | undefined
  /** Gives the line of a place; the library serialport and sockets unless given. */
  readonly lineOf?: ((place: PortPlace) => Line) | undefined
}

/**
 * Serial ports of this machine and of serial servers: 115 200 bit/s 8N1, each held by one opener, every act of the
 * system within a limit. A port whose driver does not come back is abandoned, and refused until it does.
 * Source: provisioning-station section 6.1; fault matrix SER-5, SER-10, SER-13.
 *
 * `open` throws StationError `STATION_PORT_NAME`, `STATION_PORT_MISSING`, `STATION_PORT_BUSY`, `STATION_PORT_DENIED`,
 * `STATION_PORT_STUCK`, `STATION_SERIAL_LIBRARY`, `STATION_PORT`. A port that vanishes ends `received`.
 */
export function createSerialPorts(options: SerialPortsOptions = {}): SerialPorts {
  const { clock = systemClock, onAbandoned, onGarbled, lineOf = lineOfPlace } = options
  const limits = { ...serialLimits, ...options.limits }
  const held = new Map<string, 'open' | 'abandoned'>()
  return {
    open: async (name): Promise<SerialPort> => {
      const place = parsePortName(name)
      const key = place.kind === 'tty' ? place.path : `${place.host}:${place.port}`
      const state = held.get(key)
      if (state !== undefined) throw heldHere(name, state)
      held.set(key, 'open')
      return openSerialPort({
        name,
        line: lineOf(place),
        clock,
        limits,
        onAbandoned: (port) => {
          held.set(key, 'abandoned')
          onAbandoned?.(port)
        },
        onGarbled: (garbled) => onGarbled?.(garbled),
        onClosed: () => held.delete(key),
      })
    },
  }
}

function lineOfPlace(place: PortPlace): Line {
  return place.kind === 'tty' ? ttyLine(place.path) : tcpLine(place.host, place.port)
}

function heldHere(name: string, state: 'open' | 'abandoned'): StationError {
  return state === 'open'
    ? new StationError('STATION_PORT_BUSY', `${name} is open in this station already`)
    : new StationError('STATION_PORT_STUCK', `an earlier handle of ${name} has not come back`)
}
