import { layout, remaining, u16be, u32be, u8 } from '@keyline/bytes'
import { commandTable } from '../command.ts'
import { zoneOption } from '../zone.ts'
import { form, nothing } from './form.ts'

const readRequest = layout({ option: zoneOption, zone: u8, offset: u16be, length: u16be })

/** Section 3.6. Read has one form per type of zone: the partition table tells which. */
export const storageForms = {
  readData: form(commandTable.read, {
    name: 'Read data zone',
    section: '3.6.2',
    request: readRequest,
    response: layout({ data: remaining(0, 751) }),
  }),
  readCounter: form(commandTable.read, {
    name: 'Read counter zone',
    section: '3.6.2',
    request: readRequest,
    response: layout({ counter: u32be, data: remaining(0, 747) }),
  }),
  update: form(commandTable.update, {
    name: 'Update',
    section: '3.6.3',
    effect: 'stored',
    request: layout({ option: zoneOption, zone: u8, offset: u16be, data: remaining() }),
    response: nothing,
  }),
  decrement: form(commandTable.decrement, {
    name: 'Decrement',
    section: '3.6.4',
    effect: 'once',
    request: layout({
      option: zoneOption,
      zone: u8,
      offset: u16be,
      amount: u32be,
      data: remaining(),
    }),
    response: layout({ counter: u32be }),
  }),
} as const
