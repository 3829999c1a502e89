import type { Clock } from '@keyline/bytes'
import { StsafeError } from '../errors.ts'
import { defaultI2cAddress } from '../layout/device.ts'
import { openStreamTransport, type StreamAddress } from './byte-stream.ts'
import { openI2cTransport } from './i2c.ts'
import type { Transport } from './transport.ts'

export type DeviceUri =
  | { readonly kind: 'i2c'; readonly bus: number; readonly address: number }
  | { readonly kind: 'stream'; readonly address: StreamAddress }

/**
 * Reads `i2c:///dev/i2c-1?address=0x20`, `tcp://HOST:PORT` and `unix:///PATH`; the two slashes may be left out.
 * @throws StsafeError `STSAFE_DEVICE_URI`
 */
export function parseDeviceUri(uri: string): DeviceUri {
  const i2c = /^i2c:(?:\/\/)?\/dev\/i2c-(\d{1,4})(?:\?address=(0x[0-9a-f]{1,2}|\d{1,3}))?$/i.exec(
    uri,
  )
  if (i2c !== null) {
    const address = i2c[2] === undefined ? defaultI2cAddress : Number(i2c[2])
    if (address <= 0x7f) return { kind: 'i2c', bus: Number(i2c[1]), address }
  }
  const tcp = /^tcp:(?:\/\/)?(\[[0-9a-f:]+\]|[^:/[\]]+):(\d{1,5})\/?$/i.exec(uri)
  if (tcp?.[1] !== undefined && Number(tcp[2]) <= 0xffff) {
    const host = tcp[1].replace(/^\[|\]$/g, '')
    return { kind: 'stream', address: { host, port: Number(tcp[2]) } }
  }
  const unix = /^unix:(?:\/\/)?(?=[^/]|\/[^/])(.+)$/.exec(uri)
  if (unix?.[1] !== undefined) return { kind: 'stream', address: { path: unix[1] } }
  throw new StsafeError('STSAFE_DEVICE_URI', `${JSON.stringify(uri)} is no device`)
}

/** Opens the bus that a URI names. @throws StsafeError */
export async function openTransport(
  uri: string,
  options: { readonly clock: Clock; readonly signal?: AbortSignal | undefined },
): Promise<Transport> {
  const device = parseDeviceUri(uri)
  if (device.kind === 'stream') return openStreamTransport(device.address, options)
  return openI2cTransport({ bus: device.bus, address: device.address, clock: options.clock })
}
