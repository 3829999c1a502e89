export { StsafeError, stsafeErrorTable, type StsafeErrorCode } from './errors.ts'
