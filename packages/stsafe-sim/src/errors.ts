import { KeylineError, type ErrorOptionsOf, type ErrorTable } from '@keyline/bytes'

export const stsafeSimErrorTable = {
  SIM_PROFILE: {
    fault: 'caller',
    meaning: 'A profile of a simulated chip is malformed.',
    remedy: 'compare it with the profile of the package, spl05Profile',
  },
  SIM_STATE: {
    fault: 'infrastructure',
    meaning: 'The saved state of a simulated chip cannot be read or written.',
    remedy: 'delete the state file to begin with a new chip, or name one that a simulator wrote',
  },
  SIM_LISTEN: {
    fault: 'operator',
    meaning: 'The simulator cannot listen where it was told to.',
    remedy: 'use unix:PATH with a path that is free, or tcp:HOST:PORT with a port that is free',
  },
  SIM_FAULT: {
    fault: 'caller',
    meaning: 'A fault script is malformed.',
    remedy: 'use NAME@POSITION, with a fault that the message names and an exchange counted from 0',
  },
} as const satisfies ErrorTable

export type StsafeSimErrorCode = keyof typeof stsafeSimErrorTable

export class StsafeSimError extends KeylineError<StsafeSimErrorCode> {
  constructor(code: StsafeSimErrorCode, message: string, options?: ErrorOptionsOf) {
    super(stsafeSimErrorTable, code, message, options)
  }
}
