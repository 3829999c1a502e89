import { describe, expect, it } from 'vitest'
import { parseDeviceUri } from './device-uri.ts'

describe('the name of a device', () => {
  it.each([
    ['i2c:///dev/i2c-1', { kind: 'i2c', bus: 1, address: 0x20 }],
    ['i2c:/dev/i2c-12?address=0x33', { kind: 'i2c', bus: 12, address: 0x33 }],
    ['i2c:///dev/i2c-0?address=32', { kind: 'i2c', bus: 0, address: 0x20 }],
    ['tcp://localhost:4000', { kind: 'stream', address: { host: 'localhost', port: 4000 } }],
    ['tcp:127.0.0.1:4000', { kind: 'stream', address: { host: '127.0.0.1', port: 4000 } }],
    ['tcp://[::1]:4000', { kind: 'stream', address: { host: '::1', port: 4000 } }],
    ['unix:///run/chip.sock', { kind: 'stream', address: { path: '/run/chip.sock' } }],
    ['unix:chip.sock', { kind: 'stream', address: { path: 'chip.sock' } }],
  ])('%s is read', (uri, device) => {
    expect(parseDeviceUri(uri)).toEqual(device)
  })

  it.each([
    '',
    'chip.sock',
    'i2c:///dev/i2c-x',
    'i2c:///dev/i2c-1?address=0x80',
    'i2c:///dev/i2c-1?speed=400',
    'tcp://localhost',
    'tcp://localhost:65536',
    'unix:',
    'http://localhost:1',
  ])('%j is refused with the forms that exist', (uri) => {
    expect(() => parseDeviceUri(uri)).toThrow(
      expect.objectContaining({
        code: 'STSAFE_DEVICE_URI',
        remedy: expect.stringContaining('tcp'),
      }),
    )
  })
})
