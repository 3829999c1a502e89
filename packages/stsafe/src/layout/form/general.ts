import { choice, layout, octets, remaining, u8 } from '@keyline/bytes'
import { passwordLength, Tag } from '../attribute.ts'
import { commandTable } from '../command.ts'
import { form, nothing } from './form.ts'

/** Section 3.5 and 3.12. */
export const generalForms = {
  echo: form(commandTable.echo, {
    name: 'Echo',
    section: '3.5.1',
    request: layout({ data: remaining() }),
    response: layout({ data: remaining(0, 751) }),
  }),
  reset: form(commandTable.reset, {
    name: 'Reset',
    section: '3.5.2',
    effect: 'volatile',
    request: nothing,
    response: nothing,
  }),
  generateRandom: form(commandTable.generateRandom, {
    name: 'Generate random',
    selector: [0x00],
    section: '3.5.3',
    request: layout({ size: u8 }),
    response: layout({ random: remaining(0, 255) }),
  }),
  hibernate: form(commandTable.hibernate, {
    name: 'Hibernate',
    section: '3.5.4',
    effect: 'volatile',
    request: layout({ wakeUp: choice(u8, { 'start-or-reset': 1, reset: 2 }) }),
    response: nothing,
  }),
  verifyPassword: form(commandTable.verifyPassword, {
    name: 'Verify password',
    section: '3.5.5',
    effect: 'once',
    request: layout({ password: octets(passwordLength) }),
    response: layout({ verified: u8, remainingTries: u8 }),
  }),
  deletePassword: form(commandTable.delete, {
    name: 'Delete password',
    selector: [Tag.password],
    section: '3.5.6',
    effect: 'stored',
    request: nothing,
    response: nothing,
  }),
  wrapLocalEnvelope: form(commandTable.wrapLocalEnvelope, {
    name: 'Wrap local envelope',
    section: '3.12.2',
    request: layout({ slot: u8, payload: remaining(1, 480) }),
    response: layout({ wrapped: remaining(0, 488) }),
  }),
  unwrapLocalEnvelope: form(commandTable.unwrapLocalEnvelope, {
    name: 'Unwrap local envelope',
    section: '3.12.3',
    request: layout({ slot: u8, wrapped: remaining(8, 488) }),
    response: layout({ payload: remaining(0, 480) }),
  }),
} as const
