import { readFileSync } from 'node:fs'
import { toHex } from '@keyline/bytes'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBrowser } from '../support/browser.ts'
import { casesOf, VectorReader } from '../support/vectors/vector-reader.ts'
import { bundleForBrowser, bundleName } from './support/bundle.ts'
import type { PageInput } from './support/page.ts'

const folder = new URL('../vectors/matter/', import.meta.url)

/** One case of a vector file. */
function vectorOf(path: string, id: string): VectorReader {
  const json: unknown = JSON.parse(readFileSync(new URL(path, folder), 'utf8'))
  const found = casesOf({ path, json }).find((vector) => vector.id === id)
  if (found === undefined) throw new Error(`${path} has no case ${id}`)
  return found
}

const set = vectorOf('factory-data/encode.json', 'full-fff1-8004')
const label = vectorOf('onboarding/qr.json', 'sdk-1')
const tag = vectorOf('onboarding/nfc.json', 'MT:00000CQM00KA0648G00')
const dac = vectorOf('chains/dac.json', 'Matter-Development-DAC-FFF1-8004')
const declaration = vectorOf('cd/certification-declarations.json', 'Chip-Test-CD-FFF2-8001-8002')

const input: PageInput = {
  image: toHex(readFileSync(new URL('factory-data/full-fff1-8004.bin', folder))),
  stJson: JSON.stringify(set.raw('input')),
  qr: label.text('qr'),
  manual: label.text('manual'),
  ndef: tag.text('ndefMessage'),
  certificate: dac.text('der'),
  declaration: declaration.text('cms'),
  tlv: declaration.text('content'),
}

/** The set as the vector writes it: lists of octets as hexadecimal, the names of integers by their storage. */
function fieldsOfSet(): Readonly<Record<string, string | number>> {
  const integers =
    /^(?:VENDOR_ID|PRODUCT_ID|HARDWARE_VERSION|SETUP_DISCRIMINATOR|SPAKE2_(?:ITERATION_COUNT|SETUP_PASSCODE))$/
  return Object.fromEntries(
    set
      .object('input')
      .entries()
      .map(([name, value]) => {
        if (Array.isArray(value)) return [name, value.join('').replaceAll('0x', '')]
        return [name, integers.test(name) ? Number(value) : String(value)]
      }),
  )
}

describe('what decodes', () => {
  it.each([
    ['@keyline/matter/decode', 'decodeImage'],
    ['@keyline/x509/read', 'parseCertificate'],
    ['@keyline/bytes', 'decodeUtf8'],
  ])('bundles %s without a module or a global of Node.js', async (face, name) => {
    const script = await bundleForBrowser(`export * from '${face}'`)
    expect(script).toContain(`${name}:`)
    expect(script.match(/\bBuffer\b|\bprocess\b|\brequire\b|node:\w+/g)).toBeNull()
  })

  describe('in a page of headless Chromium', () => {
    let browser: Browser
    let output: VectorReader
    const thrown: string[] = []

    beforeAll(async () => {
      browser = await startBrowser()
      const page = await browser.newPage()
      page.on('pageerror', (error) => thrown.push(error.message))
      const script = await bundleForBrowser(`export { decodeEverything } from './page.ts'`)
      await page.addScriptTag({ content: script })
      const call = `${bundleName}.decodeEverything(${JSON.stringify(input)})`
      output = new VectorReader('page', await page.evaluate(call))
    })

    afterAll(() => browser.close())

    it('runs without an error', () => {
      expect(thrown).toEqual([])
    })

    it('decodes an image and the JSON of ST to the same set, without a finding', () => {
      const expected = { fields: fieldsOfSet(), rules: [] }
      expect(output.raw('image')).toEqual(expected)
      expect(output.raw('stJson')).toEqual(expected)
    })

    it('reads QR code, manual code and NFC tag', () => {
      const payload = label.object('payload')
      expect(output.raw('qr')).toEqual([label.raw('payload')])
      expect(output.raw('manual')).toEqual({
        shortDiscriminator: payload.number('discriminator') >> 8,
        passcode: payload.number('passcode'),
      })
      expect(output.raw('ndef')).toBe(tag.text('payload'))
    })

    it('reads a certificate, its ids and its profile', () => {
      expect(output.raw('certificate')).toEqual({
        serial: dac.text('serial'),
        vendorId: dac.number('vendorId'),
        productId: dac.number('productId'),
        idEncoding: dac.text('idEncoding'),
        notBefore: new Date(dac.text('notBefore')).toISOString(),
        publicKey: dac.text('publicKey'),
        profileProblems: dac.list('profileProblems'),
      })
    })

    it('reads a certification declaration', () => {
      const elements = declaration.object('elements')
      expect(output.object('declaration').raw('signerKeyId')).toBe(declaration.text('signerSkid'))
      expect(output.object('declaration').raw('content')).toEqual({
        formatVersion: elements.number('format_version'),
        vendorId: elements.number('vendor_id'),
        productIds: elements.list('product_id_array'),
        deviceTypeId: elements.number('device_type_id'),
        certificateId: elements.text('certificate_id'),
        securityLevel: elements.number('security_level'),
        securityInformation: elements.number('security_information'),
        versionNumber: elements.number('version_number'),
        certificationType: elements.number('certification_type'),
      })
    })

    it('writes TLV back as it was, and refuses what is none with its code', () => {
      expect(output.raw('tlv')).toBe(declaration.text('content'))
      expect(output.raw('refusal')).toBe('TLV_INVALID')
    })
  })
})
