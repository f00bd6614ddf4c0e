import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { readConfig } from '../config.ts'
import { runCommand } from './command.ts'

const HELP = `Asks the service on this machine for /health: exit code 0 when it answers 200. The health check of the image.

  node src/cli/healthcheck.ts

Takes the address from HOST and PORT, as the server itself does.
`

/** Below the 5 s after which the container engine gives up, so that the reason is told. */
const TIMEOUT_MS = 2_000

await runCommand(HELP, async () => {
  // Where HOST means every address (0.0.0.0), connecting to it reaches this machine.
  const { host, port } = readConfig(process.env)
  const request = get({ host, port, path: '/health', signal: AbortSignal.timeout(TIMEOUT_MS) })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.resume()
  if (response.statusCode !== 200) throw new Error(`/health answered ${String(response.statusCode)}`)
})
