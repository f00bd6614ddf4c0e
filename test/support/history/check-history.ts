import type {
  Claim,
  Create,
  End,
  Extend,
  FinalEvent,
  Handed,
  History,
  Inbox,
  Operation,
  Redrive,
} from './history.ts'

type Rule =
  | 'lost'
  | 'not drained'
  | 'from nowhere'
  | 'duplicated'
  | 'other body accepted'
  | 'resurrected'
  | 'handed out after it failed'
  | 'doubly held'
  | 'offered while held'
  | 'attempts do not rise'
  | 'attempts do not add up'
  | 'overtaken holder accepted'
  | 'holder refused'
  | 'wrong end'

export interface Violation {
  rule: Rule
  event_id: string
  detail: string
}

/** Everything that was done with one event. */
interface Story {
  event_id: string
  claims: (Claim & { handed: Handed; completed: number })[]
  reads: (Inbox | Claim)[]
  extends: Extend[]
  ends: End[]
  redrives: Redrive[]
  final: FinalEvent | undefined
}

/** When there is no answer, the operation may take effect at any time. */
const latest = ({ completed }: Operation) => completed ?? Infinity
const mayHaveHappened = ({ outcome }: Operation) => outcome !== 'fail'
const isCreate = (operation: Operation): operation is Create => operation.op === 'create'
const isRedrive = (operation: Operation): operation is Redrive => operation.op === 'redrive'

/** Whether a claim may have handed out more than its client knows. */
function maySayLess(operation: Operation): boolean {
  if (operation.op !== 'claim' || operation.outcome === 'fail') return false
  const { outcome, events, limit = 0 } = operation
  return outcome === 'unknown' || events.length < limit
}

/** Whether the event may have been redriven between the beginning of one operation and the end of another. */
function mayBeRedriven({ redrives }: Story, from: Operation, to: Operation): boolean {
  return redrives.some(
    (redrive) => mayHaveHappened(redrive) && latest(redrive) >= from.invoked && redrive.invoked <= latest(to),
  )
}

function tellStories({ operations, final }: History): Story[] {
  const stories = new Map<string, Story>()
  const storyOf = (event_id: string): Story => {
    const story = stories.get(event_id) ?? newStory(event_id)
    stories.set(event_id, story)
    return story
  }
  const sweeping = operations.filter(isRedrive).filter(({ event_id }) => event_id === undefined)
  for (const operation of operations) {
    const { op } = operation
    if (op === 'create') continue
    if (op === 'claim' || op === 'inbox') {
      for (const handed of operation.events) {
        const story = storyOf(handed.event_id)
        story.reads.push(operation)
        const { completed } = operation
        if (op === 'claim' && completed !== null) story.claims.push({ ...operation, handed, completed })
      }
    } else if (op === 'redrive') {
      if (operation.event_id !== undefined) storyOf(operation.event_id).redrives.push(operation)
    } else if (op === 'extend') storyOf(operation.event_id).extends.push(operation)
    else storyOf(operation.event_id).ends.push(operation)
  }
  for (const event of final) storyOf(event.event_id).final = event
  for (const { redrives } of stories.values()) redrives.push(...sweeping)
  return [...stories.values()]
}

const newStory = (event_id: string): Story => ({
  event_id,
  claims: [],
  reads: [],
  extends: [],
  ends: [],
  redrives: [],
  final: undefined,
})

/** Finds in a history whatever the service promises never to let happen. A pure function. */
export function checkHistory(history: History): Violation[] {
  const silentClaims = history.operations.filter(maySayLess).length
  return [
    ...checkCreated(history),
    ...checkOrigins(history),
    ...tellStories(history).flatMap((story) => [
      ...checkAfterEnd(story),
      ...checkHolds(story),
      ...checkAttempts(story, silentClaims),
      ...checkOffers(story),
      ...checkOvertaken(story, history.maxAttempts),
      ...checkRefused(story),
      ...checkFinal(story, history.maxAttempts),
    ]),
  ]
}

/** Every event that was accepted is there and came to an end; a key stands for one event. */
function checkCreated({ operations, final }: History): Violation[] {
  const ends = new Map(final.map((event) => [event.event_id, event]))
  const accepted = operations
    .filter(isCreate)
    .flatMap(({ event_id, key, n }) => (event_id ? { event_id, key, n } : []))
  const lost = [...new Set(accepted.map(({ event_id }) => event_id))]
    .filter((id) => !ends.has(id))
    .map((event_id): Violation => ({ rule: 'lost', event_id, detail: 'accepted, and gone' }))
  const open = final
    .filter(({ status }) => status !== 'delivered' && status !== 'failed')
    .map(({ event_id, status }): Violation => ({ rule: 'not drained', event_id, detail: status }))
  const ofKey = Map.groupBy(accepted, ({ key }) => key)
  const twice = [...ofKey].flatMap(([key, events]): Violation[] => {
    const ids = [...new Set(events.map(({ event_id }) => event_id))]
    if (key === undefined || ids.length === 1) return []
    return [{ rule: 'duplicated', event_id: ids.join(' '), detail: `under the key ${key}` }]
  })
  const others = accepted
    .filter(({ event_id, n }) => (ends.get(event_id)?.n ?? n) !== n)
    .map(({ event_id, n }): Violation => ({ rule: 'other body accepted', event_id, detail: `n ${n}` }))
  return [...lost, ...open, ...twice, ...others]
}

/** What is handed out was posted before; what was posted once is there once. */
function checkOrigins({ operations, final }: History): Violation[] {
  const creates = Map.groupBy(operations.filter(isCreate), ({ n }) => n)
  const isPosted = ({ n, event_id }: Handed, at: number) =>
    (creates.get(n) ?? []).some(
      (create) =>
        create.invoked <= at && create.outcome !== 'fail' && (create.event_id ?? event_id) === event_id,
    )
  const handed = operations.flatMap((operation) =>
    operation.op === 'claim' || operation.op === 'inbox'
      ? operation.events.map((event) => ({ event, at: latest(operation) }))
      : [],
  )
  const nowhere = [...handed, ...final.map((event) => ({ event, at: Infinity }))]
    .filter(({ event, at }) => !isPosted(event, at))
    .map(({ event }): Violation => ({
      rule: 'from nowhere',
      event_id: event.event_id,
      detail: `n ${event.n}`,
    }))
  const twice = [...Map.groupBy(final, ({ n }) => n).values()]
    .filter((events) => events.length > 1)
    .map((events): Violation => {
      const ids = events.map(({ event_id }) => event_id).join(' ')
      return { rule: 'duplicated', event_id: ids, detail: `n ${events[0]?.n ?? ''}` }
    })
  return [...nowhere, ...twice]
}

/** No reading that began after an acknowledgement was answered shows the event; nor after it was given up. */
function checkAfterEnd(story: Story): Violation[] {
  const { event_id, reads } = story
  const ends = story.ends.filter(({ outcome }) => outcome === 'ok')
  const after = (end: End, rule: Rule, isExcused: (read: Operation) => boolean): Violation[] =>
    reads
      .filter((read) => read.invoked > latest(end) && !isExcused(read))
      .map(({ op, process, invoked }) => ({
        rule,
        event_id,
        detail: `${op} by ${process} ${(invoked - latest(end)).toFixed(1)} ms later`,
      }))
  const [acknowledged] = ends.filter(({ op }) => op === 'acknowledge').sort((a, b) => latest(a) - latest(b))
  const failed = ends.filter(({ op, permanent }) => op === 'nack' && permanent === true)
  return [
    ...(acknowledged ? after(acknowledged, 'resurrected', () => false) : []),
    ...failed.flatMap((end) =>
      after(end, 'handed out after it failed', (read) => mayBeRedriven(story, end, read)),
    ),
  ]
}

interface Hold {
  lease_id: string
  process: string
  from: number
  until: number
}

/**
 * From when its holder knew of it until its holder had been told it would end, or let go. An extension that was
 * accepted proves that nobody else had the event in between; one without an answer may have made the end an earlier one.
 */
function holdsOf({ claims, extends: extensions, ends }: Story): Hold[] {
  return claims.map(({ lease_id = '', process, completed, expires_at = 0 }) => {
    const own = extensions.filter((extension) => extension.lease_id === lease_id)
    const last = own
      .filter(({ outcome }) => outcome === 'ok')
      .sort((a, b) => latest(a) - latest(b))
      .at(-1)
    const shortened = own
      .filter(({ outcome, invoked }) => outcome === 'unknown' && invoked >= (last?.invoked ?? 0))
      .map(({ invoked, lease_seconds = Infinity }) => invoked + lease_seconds * 1000)
    const letGo = ends.filter((end) => end.lease_id === lease_id && mayHaveHappened(end))
    const told = last?.expires_at ?? expires_at
    const until = Math.min(told, ...shortened, ...letGo.map(({ invoked }) => invoked))
    return { lease_id, process, from: completed, until }
  })
}

function checkHolds(story: Story): Violation[] {
  const holds = holdsOf(story)
    .filter(({ from, until }) => from < until)
    .sort((a, b) => a.from - b.from)
  return holds.flatMap((hold, n) =>
    holds.slice(n + 1).flatMap((later): Violation[] => {
      if (later.from >= hold.until) return []
      const overlap = Math.min(hold.until, later.until) - later.from
      const detail = `${hold.process} and ${later.process} for ${overlap.toFixed(1)} ms`
      return [{ rule: 'doubly held', event_id: story.event_id, detail }]
    }),
  )
}

/** When a lease surely ran: from each time that its holder was told an end, until that, or until it asked for more. */
function leasesOf({ claims, extends: extensions, ends }: Story): Hold[] {
  return claims.flatMap(({ lease_id = '', process, completed, expires_at = 0 }) => {
    const own = extensions.filter((extension) => extension.lease_id === lease_id)
    const told = own.flatMap(({ completed: from, expires_at: until }) =>
      from === null || until === undefined ? [] : { from, until },
    )
    const changes = [...own, ...ends.filter((end) => end.lease_id === lease_id && mayHaveHappened(end))]
    return [{ from: completed, until: expires_at }, ...told].map(({ from, until }) => {
      const next = changes.map(({ invoked }) => invoked).filter((invoked) => invoked >= from)
      return { lease_id, process, from, until: Math.min(until, ...next) }
    })
  })
}

/** While a lease runs, the inbox does not show the event. */
function checkOffers(story: Story): Violation[] {
  const leases = leasesOf(story)
  return story.reads.flatMap((read): Violation[] => {
    const { op, completed, invoked } = read
    if (op !== 'inbox' || completed === null) return []
    const lease = leases.find(({ from, until }) => from < invoked && completed < until)
    if (!lease) return []
    const detail = `to ${read.process}, held by ${lease.process}`
    return [{ rule: 'offered while held', event_id: story.event_id, detail }]
  })
}

/** Each hand-out is counted once: no number comes twice, none goes back but by a redrive, and the sum is right. */
function checkAttempts(story: Story, silentClaims: number): Violation[] {
  const { event_id, claims, final, redrives } = story
  const rising = claims.flatMap((claim, n) =>
    claims.slice(n + 1).flatMap((other): Violation[] => {
      const [first, second] = claim.completed <= other.completed ? [claim, other] : [other, claim]
      const isOrdered = first.completed < second.invoked
      const [a, b] = [first.handed.attempt, second.handed.attempt]
      if ((isOrdered ? a < b : a !== b) || mayBeRedriven(story, first, second)) return []
      return [{ rule: 'attempts do not rise', event_id, detail: `${a}, then ${b}` }]
    }),
  )
  if (!final) return rising
  const most = claims.length + silentClaims
  const least = redrives.some(mayHaveHappened) ? 0 : claims.length
  if (final.attempt >= least && final.attempt <= most) return rising
  const detail = `${final.attempt} counted, ${claims.length} to ${most} made`
  return [...rising, { rule: 'attempts do not add up', event_id, detail }]
}

/**
 * Whoever holds a lease that somebody else's came after is refused. Unless the event is delivered already, perhaps by an
 * operation whose answer was lost; or the later holder has let go of it, so that nobody holds it; or it was given up,
 * which whoever comes after the last attempt does without a word.
 */
function checkOvertaken(story: Story, maxAttempts: number): Violation[] {
  const { event_id, claims, ends } = story
  const accepted = ends.filter((end) => end.outcome === 'ok' && end.lease_id !== undefined)
  return accepted.flatMap((end): Violation[] => {
    const own = claims.find(({ lease_id }) => lease_id === end.lease_id)
    const rival = claims.find(
      (claim) => own && claim.invoked > own.completed && claim.completed < end.invoked && claim !== own,
    )
    const isExcused = ends.some(
      (other) =>
        other !== end &&
        mayHaveHappened(other) &&
        other.invoked <= latest(end) &&
        (other.op === 'acknowledge' || other.lease_id !== end.lease_id),
    )
    const isGivenUp = claims.some(
      ({ handed, invoked }) => handed.attempt >= maxAttempts && invoked <= latest(end),
    )
    if (!rival || isExcused || (isGivenUp && end.op === 'acknowledge') || mayBeRedriven(story, rival, end))
      return []
    return [{ rule: 'overtaken holder accepted', event_id, detail: `${end.op} by ${end.process}` }]
  })
}

/** Whoever holds a lease that still runs, and that nobody can have ended, is not told that it is gone. */
function checkRefused(story: Story): Violation[] {
  const { event_id, ends, extends: extensions } = story
  const refused = [...ends, ...extensions].filter(({ outcome }) => outcome === 'fail')
  return holdsOf(story).flatMap((hold) =>
    refused
      .filter(
        (one) => one.lease_id === hold.lease_id && one.invoked >= hold.from && latest(one) <= hold.until,
      )
      .filter((one) => !ends.some((end) => isByAnybody(end) && end.invoked <= latest(one)))
      .map((one) => ({ rule: 'holder refused', event_id, detail: `${one.op} by ${one.process}` })),
  )
}

/** Whether it may have taken the event from its holder. */
const isByAnybody = (end: End) =>
  end.op === 'acknowledge' && end.lease_id === undefined && mayHaveHappened(end)

/** How it ended is how somebody ended it. */
function checkFinal({ event_id, ends, final }: Story, maxAttempts: number): Violation[] {
  if (!final) return []
  const { status, attempt } = final
  const wrong = (detail: string): Violation[] => [{ rule: 'wrong end', event_id, detail }]
  const acknowledgements = ends.filter(({ op }) => op === 'acknowledge')
  if (acknowledgements.some(({ outcome }) => outcome === 'ok') && status !== 'delivered')
    return wrong(`acknowledged, but ${status}`)
  if (status === 'delivered' && !acknowledgements.some(mayHaveHappened)) return wrong('delivered by nobody')
  const isRejected = ends.some((end) => end.op === 'nack' && end.permanent === true && mayHaveHappened(end))
  if (status === 'failed' && attempt < maxAttempts && !isRejected)
    return wrong(`failed after ${attempt} attempts`)
  return attempt > maxAttempts ? wrong(`handed out ${attempt} times`) : []
}
