import { publishedKeys } from './published-keys.ts'

/** Vendor ids that anyone may use for tests: 0xFFF1 … 0xFFF4. */
export function isTestVendorId(vendorId: number): boolean {
  return vendorId >= 0xfff1 && vendorId <= 0xfff4
}

/**
 * Name of a key whose private part is public, or undefined.
 * @param spkiSha256 SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal
 */
export function publishedKeyName(spkiSha256: string): string | undefined {
  return publishedKeys.get(spkiSha256)
}
