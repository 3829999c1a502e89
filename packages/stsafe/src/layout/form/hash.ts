import { layout, remaining } from '@keyline/bytes'
import { hashId, lv } from '../algorithm.ts'
import { commandTable } from '../command.ts'
import { form, nothing } from './form.ts'

/** Section 3.8. */
export const hashForms = {
  startHash: form(commandTable.startHash, {
    name: 'Start hash',
    section: '3.8',
    effect: 'volatile',
    request: layout({ algorithm: hashId, message: remaining() }),
    response: nothing,
  }),
  processHash: form(commandTable.processHash, {
    name: 'Process hash',
    section: '3.8',
    effect: 'volatile',
    request: layout({ message: remaining() }),
    response: nothing,
  }),
  finishHash: form(commandTable.finishHash, {
    name: 'Finish hash',
    section: '3.8',
    effect: 'volatile',
    request: layout({ message: remaining() }),
    response: layout({ digest: lv }),
  }),
} as const
