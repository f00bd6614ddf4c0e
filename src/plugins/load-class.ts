import type { FastifyRequest } from 'fastify'

/**
 * What a request asks for, in the order in which it is refused under load, and how far each may go: `delay` times the
 * configured delay of the event loop, and this `share` of the requests that may be under way. Reads that nobody waits for
 * go first; acknowledgements last, since they make later work less.
 */
export const LOAD_CLASSES = {
  list: { delay: 1, share: 0.75 },
  inbox: { delay: 1.5, share: 0.8 },
  claim: { delay: 2, share: 0.85 },
  create: { delay: 3, share: 0.9 },
  get: { delay: 4, share: 0.95 },
  acknowledge: { delay: 6, share: 1 },
} as const
export type LoadClass = keyof typeof LOAD_CLASSES

/** A number for each class. */
export type PerClass = Record<LoadClass, number>

/** @returns What `bound` makes of each class. */
export function perClass(bound: (limits: { delay: number; share: number }) => number): PerClass {
  const entries = Object.entries(LOAD_CLASSES).map(([name, limits]) => [name, bound(limits)])
  return Object.fromEntries(entries) as PerClass
}

/** @returns The number for the class of a request. */
export function boundOf(numbers: PerClass, { route }: FastifyRequest): number {
  // Every route has declared one, or it would not have started.
  return numbers[route.config.load as LoadClass]
}
