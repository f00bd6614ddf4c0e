import type { FastifyRequest } from 'fastify'
import type { OnAcknowledged } from '../domain/acknowledge-event.ts'
import type { OnRedriven } from '../domain/redrive.ts'
import type { OnReleased } from '../domain/release-events.ts'

type Audited = Pick<FastifyRequest, 'log' | 'principal'>

interface AuditedEvent {
  event_id: string
  event_type?: string
  repeated?: boolean
  outcome?: string
}

/** Writes one audit line: what was done to which event, by which key. Leases are not named: who knows one holds it. */
function audit({ log, principal }: Audited, action: string, facts: AuditedEvent): void {
  log.info({ audit: action, ...facts, key_id: principal.key_id }, 'audit')
}

/** Tells also whether the event had been acknowledged before. */
export function auditAcknowledgement(request: Audited): OnAcknowledged {
  return ({ event_id, event_type, repeated }) => {
    audit(request, 'acknowledge', { event_id, event_type, repeated })
  }
}

export function auditRelease(request: Audited): OnReleased {
  return (event_id) => {
    audit(request, 'release', { event_id })
  }
}

/** Tells also whether the event comes again (`delayed`) or was given up (`failed`). */
export function auditNack(request: Audited, event_id: string, outcome: 'delayed' | 'failed'): void {
  audit(request, 'nack', { event_id, outcome })
}

export function auditRedrive(request: Audited): OnRedriven {
  return ({ event_id, event_type }) => {
    audit(request, 'redrive', { event_id, event_type })
  }
}
