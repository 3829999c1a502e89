export { catalogue, type CatalogueEntry } from './explain/catalogue.ts'
export { CliError, cliErrorTable, type CliErrorCode } from './errors.ts'
export { ExitCode } from './exit-code.ts'
export { main } from './program.ts'
