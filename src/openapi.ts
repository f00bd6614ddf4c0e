import { pino } from 'pino'
import { buildApp } from './app.ts'
import type { Events } from './domain/events.ts'

/** What the routes call is never called while the document is generated. */
const unused = {} as Events

/** @returns The OpenAPI document of the service. */
export async function generateOpenApi(): Promise<object> {
  const app = await buildApp({
    events: unused,
    authenticator: { authenticate: async () => undefined },
    logger: pino({ level: 'silent' }),
    drain: { isDraining: false, isClosing: false },
    deadlineMs: 1,
  })
  const document = app.swagger()
  await app.close()
  return document
}
