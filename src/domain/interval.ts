import { invalidRequest } from '../errors.ts'
import { parseRfc3339 } from '../schemas/rfc3339.ts'

/** One end of an interval: the name of its field, and what was given there. */
interface Bound {
  field: string
  moment: string | undefined
}

const toMs = ({ moment }: Bound) => (moment === undefined ? undefined : parseRfc3339(moment))

/** Reads both ends (ms), undefined where none is given. Throws `invalid_request` when nothing lies between them. */
export function parseInterval(after: Bound, before: Bound): [number | undefined, number | undefined] {
  const [from, to] = [toMs(after), toMs(before)]
  if (from !== undefined && to !== undefined && from >= to) {
    const message = `must be later than ${after.field}`
    throw invalidRequest([{ field: before.field, message, code: 'empty_interval' }])
  }
  return [from, to]
}
