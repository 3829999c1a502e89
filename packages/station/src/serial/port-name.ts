import { StationError } from '../errors.ts'

/** Where a serial line is: a tty of this machine, or behind a serial server. */
export type PortPlace =
  | { readonly kind: 'tty'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

const windowsName = /^(?:\\\\\.\\)?(COM[1-9]\d{0,3})$/i
const bareName = /^(?:tty|cu|rfcomm)[A-Za-z0-9._-]*$/

/**
 * Reads a name as programmers list it and as people write it: `/dev/ttyACM0`, `ttyACM0`, `COM3`,
 * `serial:///dev/ttyACM0`, `tcp://host:port` (a serial server that passes octets on as they are).
 * @throws StationError `STATION_PORT_NAME`
 */
export function parsePortName(name: string): PortPlace {
  if (name.startsWith('tcp:')) return parseServer(name)
  const text = name.startsWith('serial:') ? name.slice('serial:'.length).replace(/^\/\//, '') : name
  const [, com] = windowsName.exec(text.replace(/^\/(?=COM)/i, '')) ?? []
  if (com !== undefined) return { kind: 'tty', path: com.toUpperCase() }
  if (bareName.test(text)) return { kind: 'tty', path: `/dev/${text}` }
  const isPath = text.startsWith('/') && !text.endsWith('/') && !/[\0-\x1f]/.test(text)
  if (isPath) return { kind: 'tty', path: text }
  throw noName(name)
}

function parseServer(name: string): PortPlace {
  const { hostname, port, pathname, search } = urlOf(name)
  const isPlain = (pathname === '' || pathname === '/') && search === ''
  if (hostname === '' || port === '' || port === '0' || !isPlain) throw noName(name)
  return { kind: 'tcp', host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port) }
}

function urlOf(name: string): URL {
  try {
    return new URL(name)
  } catch (cause) {
    throw noName(name, cause)
  }
}

function noName(name: string, cause?: unknown): StationError {
  const shown = JSON.stringify(name.slice(0, 120))
  return new StationError('STATION_PORT_NAME', `${shown} is not the name of a serial port`, {
    cause,
  })
}
