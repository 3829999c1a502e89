import type { Command } from 'commander'
import type { ExitCode } from './exit-code.ts'
import type { Output } from './terminal/output.ts'

/** Makes a command that writes to `output` and tells `end` how it ended. */
export type MakeCommand = (output: Output, end: (code: ExitCode) => void) => Command

/** A command as the help lists it. It is loaded when it is called, and with it the rooms that it needs. */
export interface CommandEntry {
  readonly name: string
  readonly summary: string
  readonly load: () => Promise<MakeCommand>
}

/** The commands of `keyline` in the order of its help. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'demo',
    summary: 'the whole line on simulated boards',
    load: async () => (await import('./command/demo.ts')).demoCommand,
  },
  {
    name: 'provision',
    summary: 'provision boards under a work order',
    load: async () => (await import('./command/provision.ts')).provisionCommand,
  },
  {
    name: 'gen-factory-data',
    summary: 'the options of genFactoryData.py, unchanged',
    load: async () => (await import('./command/gen-factory-data.ts')).genFactoryDataCommand,
  },
  {
    name: 'factory-data',
    summary: 'Matter factory data',
    load: async () => (await import('./command/factory-data.ts')).factoryDataCommand,
  },
  {
    name: 'pki',
    summary: 'certificate authorities, certificates and declarations',
    load: async () => (await import('./command/pki.ts')).pkiCommand,
  },
  {
    name: 'serve',
    summary: 'issue device certificates over EST and REST',
    load: async () => (await import('./command/serve.ts')).serveCommand,
  },
  {
    name: 'signer',
    summary: 'hold the key of a PAI in a process of its own',
    load: async () => (await import('./command/signer.ts')).signerCommand,
  },
  {
    name: 'payload',
    summary: 'QR codes, manual pairing codes and NFC tags',
    load: async () => (await import('./command/payload.ts')).payloadCommand,
  },
  {
    name: 'stsafe',
    summary: 'provision and use an STSAFE-A120, or simulate one',
    load: async () => (await import('./command/stsafe.ts')).stsafeCommand,
  },
  {
    name: 'attest',
    summary: 'make, explain and verify attestation tokens; endorsements and the verifier',
    load: async () => (await import('./command/attest.ts')).attestCommand,
  },
  {
    name: 'enroll',
    summary: 'turn a one-time token into a certificate of a server',
    load: async () => (await import('./command/enroll.ts')).enrollCommand,
  },
  {
    name: 'member',
    summary: 'stations and people of a server',
    load: async () => (await import('./command/member.ts')).memberCommand,
  },
  {
    name: 'order',
    summary: 'work orders on a server',
    load: async () => (await import('./command/order.ts')).orderCommand,
  },
  {
    name: 'unit',
    summary: 'units in the ledger',
    load: async () => (await import('./command/unit.ts')).unitCommand,
  },
  {
    name: 'station',
    summary: 'slots of the station, and its check on a golden board',
    load: async () => (await import('./command/station.ts')).stationCommand,
  },
  {
    name: 'label',
    summary: 'labels of units that have passed',
    load: async () => (await import('./command/label.ts')).labelCommand,
  },
  {
    name: 'ledger',
    summary: 'care of the system of record',
    load: async () => (await import('./command/ledger-reconcile.ts')).ledgerCommand,
  },
  {
    name: 'audit',
    summary: 'the audit chain of the ledger',
    load: async () => (await import('./command/audit.ts')).auditCommand,
  },
  {
    name: 'doctor',
    summary: 'check what a run needs',
    load: async () => (await import('./command/doctor.ts')).doctorCommand,
  },
  {
    name: 'explain',
    summary: 'what a code means and what to do',
    load: async () => (await import('./command/explain.ts')).explainCommand,
  },
]
