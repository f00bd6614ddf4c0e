import type { Span } from '@opentelemetry/api'
import type { Principal, Scope } from '../domain/access.ts'
import type { CallScope } from '../domain/ports.ts'
import type { ReadElement } from '../domain/json-text.ts'
import type { AppError, FieldFault } from '../errors.ts'
import type { LoadClass } from './load-class.ts'
import type { Route } from './route.ts'
import type { Slot } from './slots.ts'
import type { RequestValidator } from './validation.ts'

/** What the plugins add to Fastify's own types, in one place. */
declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a key must be allowed to do; declared by every authenticated route. */
    scope?: Scope
    /** How soon it is refused under load; declared by every authenticated route. */
    load?: LoadClass
    /** The member of the body that is an array of things taken each by itself. */
    batch?: string
    /** Logged at `debug` only: checks that come every few seconds. */
    isQuiet?: boolean
    /** Set by the validation plugin from the schema of the route. */
    validate?: RequestValidator
  }
  interface FastifyRequest {
    /** The route it has; set before any other hook. */
    route: Route
    /** Who is calling; set on authenticated routes. */
    principal: Principal
    /** Under what stores are called for this request; set on authenticated routes before the handler. */
    callScope: CallScope
    /** How large the body may be that is still on its way. */
    bodyBytes: number
    /** The place it takes up while it is under way; undefined before that, and on public routes. */
    slot: Slot | undefined
    /** The request waits on purpose, so its duration says nothing about the service. */
    isLongPoll: boolean
    /** How long it took to find out who is calling. */
    authenticationMs: number
    /** What of the body could not be kept as it was sent. */
    bodyFaults: FieldFault[]
    /** The elements of a batch, each with what of it could not be kept. */
    batch: ReadElement[]
    /** What the request was refused with; undefined when it was not. */
    failure: AppError | undefined
    /** The span of the request, kept or not; undefined where it is not traced. */
    span: Span | undefined
  }
}
