/** What the store's process tells its parent, once: where it listens, or why it cannot. */
export type Report = { endpoint: string } | Failure

export interface Failure {
  /** `locked`: another process has the data folder. `died`: it ended without a word (the parent's own finding). */
  failure: 'locked' | 'port-taken' | 'died' | 'other'
  message: string
}

/** What the parent tells the store's process; to end it at once it disconnects. */
export const STOP = 'stop'

/** On every answer: the id that the parent gave its store, so that an old port in a new process's hands is noticed. */
export const STORE_ID_HEADER = 'x-store-id'
