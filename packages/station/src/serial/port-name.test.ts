import { describe, expect, it } from 'vitest'
import { parsePortName } from './port-name.ts'

describe('the name of a serial port', () => {
  it.each([
    ['/dev/ttyACM0', '/dev/ttyACM0'],
    ['/dev/serial/by-id/usb-ST_066D-if02', '/dev/serial/by-id/usb-ST_066D-if02'],
    ['/dev/pts/3', '/dev/pts/3'],
    ['ttyACM0', '/dev/ttyACM0'],
    ['cu.usbmodem14203', '/dev/cu.usbmodem14203'],
    ['COM3', 'COM3'],
    ['com12', 'COM12'],
    ['\\\\.\\COM12', 'COM12'],
    ['serial:///dev/ttyACM0', '/dev/ttyACM0'],
    ['serial:///COM3', 'COM3'],
    ['serial:COM3', 'COM3'],
  ])('%s is the tty %s', (name, path) => {
    expect(parsePortName(name)).toEqual({ kind: 'tty', path })
  })

  it.each([
    ['tcp://127.0.0.1:4001', '127.0.0.1', 4001],
    ['tcp://line-3.plant:23/', 'line-3.plant', 23],
    ['tcp://[::1]:65535', '::1', 65_535],
  ])('%s is a serial server', (name, host, port) => {
    expect(parsePortName(name)).toEqual({ kind: 'tcp', host, port })
  })

  it.each([
    '',
    'sim:1',
    'COM0',
    'COM',
    'ttyACM0/../x',
    './ttyACM0',
    '/dev/',
    '/dev/tty\n',
    'serial:',
    'tcp://host',
    'tcp://host:0',
    'tcp://host:70000',
    'tcp://host:1/path',
    'tcp://:4001',
    'tcp:',
  ])('%j is refused', (name) => {
    expect(() => parsePortName(name)).toThrow(
      expect.objectContaining({ code: 'STATION_PORT_NAME' }),
    )
  })
})
