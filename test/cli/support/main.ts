import { main, stopOnBug } from '@keyline/cli'

stopOnBug()
process.exitCode = await main(process.argv)
