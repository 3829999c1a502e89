import { X509Certificate } from 'node:crypto'
import type { Openssl } from '../../support/openssl.ts'

/** A revocation list as openssl reads it. */
export interface ReadList {
  readonly number: number
  /** In the order of the list, lower-case hexadecimal without leading zeros. */
  readonly serials: readonly string[]
}

/** Reads a list whose signature openssl finds good. @param ca its PEM file in the folder of openssl */
export async function readList(openssl: Openssl, der: Uint8Array, ca: string): Promise<ReadList> {
  openssl.write('list.der', der)
  const options = ['-inform', 'DER', '-in', 'list.der', '-CAfile', ca, '-noout', '-text']
  const { status, stdout, stderr } = await openssl.run(['crl', ...options])
  if (status !== 0 || !stderr.includes('verify OK')) {
    throw new Error(`openssl refuses the list: ${stderr}`)
  }
  const [, number = ''] = /X509v3 CRL Number:\s*(\S+)/.exec(stdout) ?? []
  const serials = [...stdout.matchAll(/Serial Number: ([0-9A-F]+)/g)].map(([, text = '']) =>
    plainSerial(text),
  )
  return { number: Number(number), serials }
}

/** The same number in one spelling. */
export function plainSerial(hex: string): string {
  return hex.toLowerCase().replace(/^0+/, '')
}

export interface VerifyInput {
  /** Certificates in question, DER. */
  readonly dacs: readonly Uint8Array[]
  /** List of the PAI, DER. */
  readonly list: Uint8Array
  /** List of the PAA, PEM. */
  readonly upperList: string
}

/** What openssl says of each chain up to `paa.pem`, each certificate of which it looks up in a list. */
export async function verifyWithLists(
  openssl: Openssl,
  { dacs, list, upperList }: VerifyInput,
): Promise<readonly ('good' | 'revoked' | 'neither')[]> {
  openssl.write('list.der', list)
  const lower = await openssl.output(['crl', '-inform', 'DER', '-in', 'list.der'])
  openssl.write('lists.pem', lower + upperList)
  const names = dacs.map((dac, place) => {
    openssl.write(`${place}.pem`, new X509Certificate(dac).toString())
    return `${place}.pem`
  })
  const chain = ['-CAfile', 'paa.pem', '-untrusted', 'pai.pem', '-CRLfile', 'lists.pem']
  const { stdout, stderr } = await openssl.run(['verify', '-crl_check_all', ...chain, ...names])
  const said = `\n${stdout}\n${stderr}`
  return names.map((name) => {
    if (said.includes(`\n${name}: OK\n`)) return 'good'
    const isRevoked = said.includes(`certificate revoked\nerror ${name}: verification failed`)
    return isRevoked ? 'revoked' : 'neither'
  })
}
