import type { FastifyRequest } from 'fastify'
import type { OnAcknowledged } from '../domain/acknowledge-event.ts'

/** Writes one audit line for each acknowledged event: which, by which key, and whether it had been before. */
export function auditAcknowledgement({
  log,
  principal,
}: Pick<FastifyRequest, 'log' | 'principal'>): OnAcknowledged {
  return ({ event_id, event_type, repeated }) => {
    log.info({ audit: 'acknowledge', event_id, event_type, key_id: principal.key_id, repeated }, 'audit')
  }
}
