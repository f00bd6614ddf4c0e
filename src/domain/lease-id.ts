import { randomBytes } from './random-bytes.ts'

/** @returns A new lease id. Whoever knows it holds what it was given for, so it cannot be guessed. */
export function createLeaseId(): string {
  return `lease_${randomBytes(16).toString('hex')}`
}
