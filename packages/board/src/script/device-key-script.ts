/** Where the script stands below the folder of ST's firmware package, and the service that it loads. */
export const deviceKeyScript = {
  path: 'Projects/NUCLEO-U385RG-Q/Applications/MbedTLS_HW_KWE/Initial_Attestation_KWE',
  name: 'export_DUA_key',
  service: 'RSSe_KW_U375_U385_v1.0.0.bin',
  containers: {
    eccchiplu: 'DUA_USLU_DHUK_Sign_RDP1_NS_Priv.bin',
    eccchipfu: 'DUA_USFU_DHUK_Sign_RDP1_NS_Priv.bin',
  },
} as const

const wrapping = [
  'ExportPublicKey=Yes',
  'WrappingKeySelect=DHUK',
  'KeyUsage=ECDSA_USAGE_SIGN',
  'SecAttr=NON_SECURE',
  'PrivAttr=PRIVILEGE',
]

/**
 * The calls of the programmer that export both device keys, behind the words that connect (attestation section 6.1).
 * The keys are wrapped at RDP level 1, where they will be used; the board is open and erased afterwards.
 */
export const deviceKeyCalls: readonly (readonly string[])[] = [
  ['-ob', 'RDP=0xBB'],
  ['-rst'],
  ...Object.entries(deviceKeyScript.containers).map(([keyType, file]) => [
    '-rssekw',
    deviceKeyScript.service,
    file,
    `KeyType=${keyType}`,
    ...wrapping,
  ]),
  ['-ob', 'RDP=0xAA'],
  ['-rst'],
]
