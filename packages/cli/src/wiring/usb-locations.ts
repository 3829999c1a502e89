import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { UsbLocations } from '@keyline/station'

/**
 * Places on the USB tree by the serial number of the device there, such as `1-2.4`: bus, then the port of each hub on the
 * way. Only Linux tells them in files; elsewhere there is none, and slots are bound by their probe alone. Of a serial number
 * that stands at two places, neither counts.
 */
export async function usbLocations(folder = '/sys/bus/usb/devices'): Promise<UsbLocations> {
  const places = new Map<string, string>()
  const twice = new Set<string>()
  for (const place of await readdir(folder).catch(() => [])) {
    const text = await readFile(join(folder, place, 'serial'), 'utf8').catch(() => '')
    const serialNumber = text.trim()
    if (serialNumber === '') continue
    if (places.has(serialNumber)) twice.add(serialNumber)
    places.set(serialNumber, place)
  }
  for (const serialNumber of twice) places.delete(serialNumber)
  return places
}
