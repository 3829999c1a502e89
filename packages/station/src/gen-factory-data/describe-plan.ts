import type { Operation } from './plan.ts'

/** An operation on one line, with its addresses in hexadecimal. */
export function describeOperation(operation: Operation): string {
  switch (operation.op) {
    case 'check-port':
      return `check-port ${operation.port}`
    case 'run-script':
      return `run-script ${operation.script} ${operation.args.join(' ')}`
    case 'coprocessor-upgrade':
      return `coprocessor-upgrade ${hex(operation.address)} ${operation.file}`
    case 'coprocessor-option-bytes': {
      const values = Object.entries(operation.values).map(([name, value]) => `${name}=${value}`)
      return `coprocessor-option-bytes ${values.join(' ')}`
    }
    case 'program': {
      const { what, address, file, externalLoader } = operation
      const source = file === undefined ? '' : ` ${file}`
      const loader = externalLoader === undefined ? '' : ` with ${externalLoader}`
      return `program ${what} ${hex(address)}${source}${loader}`
    }
    case 'provision': {
      const mode = operation.mode === undefined ? '' : ` mode ${operation.mode}`
      return `provision ${operation.port}${mode}`
    }
    case 'protect':
      return `protect RDP ${operation.rdp}`
    case 'build-image':
    case 'erase':
    case 'coprocessor-start':
    case 'reset':
      return operation.op
    default:
      return operation satisfies never
  }
}

function hex(address: number): string {
  return `0x${address.toString(16).toUpperCase().padStart(8, '0')}`
}
