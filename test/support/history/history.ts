/** What a client did, as only a client can know it. Times in ms of one clock. */
interface Timed {
  /** Which client. */
  process: string
  invoked: number
  /** null when no answer came. */
  completed: number | null
  /** `fail`: refused, so nothing changed. `unknown`: no answer, or a 5xx: it may have happened. */
  outcome: 'ok' | 'fail' | 'unknown'
}

/** An event as it was handed out or read. */
export interface Handed {
  event_id: string
  attempt: number
  /** What the producer numbered it with. */
  n: number
}

export type Create = Timed & { op: 'create'; n: number; key?: string; event_id?: string }
export type Claim = Timed & {
  op: 'claim'
  events: Handed[]
  lease_id?: string
  expires_at?: number
  /** How many were asked for. With fewer, some may have been claimed of which the service itself had no answer. */
  limit?: number
}
export type Inbox = Timed & { op: 'inbox'; events: Handed[] }
export type Extend = Timed & {
  op: 'extend'
  event_id: string
  lease_id: string
  expires_at?: number
  /** For how long it was asked for; where it is not told, it is taken not to end earlier than before. */
  lease_seconds?: number
}
export type End = Timed & {
  op: 'acknowledge' | 'nack' | 'release'
  event_id: string
  lease_id?: string
  permanent?: boolean
}
/** Of one event, or of nobody knows which. */
export type Redrive = Timed & { op: 'redrive'; event_id?: string }
export type Operation = Create | Claim | Inbox | Extend | End | Redrive

/** An event when everything is over. */
export interface FinalEvent extends Handed {
  status: string
}

export interface History {
  operations: Operation[]
  final: FinalEvent[]
  maxAttempts: number
}
