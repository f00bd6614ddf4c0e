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
export type Claim = Timed & { op: 'claim'; events: Handed[]; lease_id?: string; expires_at?: number }
export type Inbox = Timed & { op: 'inbox'; events: Handed[] }
export type Extend = Timed & {
  op: 'extend'
  event_id: string
  lease_id: string
  /** What was asked for. */
  lease_seconds?: number
  expires_at?: number
}
export type End = Timed & {
  op: 'acknowledge' | 'nack' | 'release'
  event_id: string
  lease_id?: string
  permanent?: boolean
}
export type Operation = Create | Claim | Inbox | Extend | End

/** An event when everything is over. */
export interface FinalEvent extends Handed {
  status: string
}

export interface History {
  operations: Operation[]
  final: FinalEvent[]
  maxAttempts: number
}
