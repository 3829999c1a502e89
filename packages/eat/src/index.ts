export { encodeCbor, type CborEncodeOptions } from './cbor/encode.ts'
export { MajorType } from './cbor/head.ts'
export { CborReader, decodeCbor, type CborLimits } from './cbor/reader.ts'
export {
  CborFloat,
  cborMap,
  CborSimple,
  CborTag,
  isCborArray,
  isCborBytes,
  isCborInteger,
  isCborMap,
  taggedValue,
  type CborMap,
  type CborValue,
} from './cbor/value.ts'
export { EatError, eatErrorTable, type EatErrorCode } from './errors.ts'
