import t from 'tap'
import { checkHistory } from './check-history.ts'
import type { Claim, Create, End, Extend, FinalEvent, Inbox, Operation, Redrive } from './history.ts'

const MAX_ATTEMPTS = 3
const ID = 'evt_1'
const done = (from: number) => ({ invoked: from, completed: from + 5, outcome: 'ok' as const })
const handed = (attempt: number) => ({ event_id: ID, attempt, n: 1 })

const created = (change: Partial<Create> = {}): Create => ({
  op: 'create',
  process: 'p',
  n: 1,
  event_id: ID,
  ...done(0),
  ...change,
})
/** By default a lease of 100 ms. */
const claimed = (process: string, from: number, attempt: number, change: Partial<Claim> = {}): Claim => ({
  op: 'claim',
  process,
  lease_id: `lease of ${process}`,
  expires_at: from + 100,
  events: [handed(attempt)],
  ...done(from),
  ...change,
})
const end = (op: End['op'], process: string, from: number, change: Partial<End> = {}): End => ({
  op,
  process,
  event_id: ID,
  lease_id: `lease of ${process}`,
  ...done(from),
  ...change,
})
const extended = (
  process: string,
  from: number,
  expires_at: number,
  change: Partial<Extend> = {},
): Extend => ({
  op: 'extend',
  process,
  event_id: ID,
  lease_id: `lease of ${process}`,
  expires_at,
  ...done(from),
  ...change,
})
/** Without a lease. */
const acknowledgedByAnybody = (from: number, change: Partial<End> = {}): End => ({
  op: 'acknowledge',
  process: 'x',
  event_id: ID,
  ...done(from),
  ...change,
})
const redriven = (from: number): Redrive => ({ op: 'redrive', process: 'o', event_id: ID, ...done(from) })
const read = (from: number, change: Partial<Inbox> = {}): Inbox => ({
  op: 'inbox',
  process: 'r',
  events: [handed(0)],
  ...done(from),
  ...change,
})
const ended = (status: string, attempt: number, change: Partial<FinalEvent> = {}): FinalEvent => ({
  ...handed(attempt),
  status,
  ...change,
})
const unknown = { completed: null, outcome: 'unknown' as const }
const UNANSWERED: Create = { op: 'create', process: 'p', n: 1, ...done(0), ...unknown }
const refused = { outcome: 'fail' as const }

function rulesBroken(operations: Operation[], ...final: FinalEvent[]): string[] {
  const violations = checkHistory({ operations, final, maxAttempts: MAX_ATTEMPTS })
  return [...new Set(violations.map(({ rule }) => rule))].sort()
}

const SOUND: Record<string, [Operation[], ...FinalEvent[]]> = {
  'handled once': [
    [created(), read(8), claimed('a', 10, 1), end('acknowledge', 'a', 20)],
    ended('delivered', 1),
  ],
  'read while it is being acknowledged': [
    [created(), claimed('a', 10, 1), end('acknowledge', 'a', 20), read(24)],
    ended('delivered', 1),
  ],
  'claimed again when the lease had run out': [
    [created(), claimed('a', 10, 1), claimed('b', 111, 2), end('acknowledge', 'b', 120)],
    ended('delivered', 2),
  ],
  'let go, and claimed at once': [
    [
      created(),
      claimed('a', 10, 1),
      end('release', 'a', 20),
      claimed('b', 21, 2),
      end('acknowledge', 'b', 30),
    ],
    ended('delivered', 2),
  ],
  'let go without an answer': [
    [
      created(),
      claimed('a', 10, 1),
      end('nack', 'a', 20, unknown),
      claimed('b', 40, 2),
      end('acknowledge', 'b', 50),
    ],
    ended('delivered', 2),
  ],
  'an older holder after the acknowledgement of the newer one got lost': [
    [
      created(),
      claimed('a', 10, 1),
      claimed('b', 120, 2),
      end('acknowledge', 'b', 130, unknown),
      end('acknowledge', 'a', 140),
    ],
    ended('delivered', 2),
  ],
  'an older holder is refused': [
    [
      created(),
      claimed('a', 10, 1),
      claimed('b', 120, 2),
      end('acknowledge', 'a', 125, refused),
      end('acknowledge', 'b', 130),
    ],
    ended('delivered', 2),
  ],
  'a claim without an answer counts as an attempt': [
    [
      created(),
      claimed('a', 10, 1, { ...unknown, events: [] }),
      claimed('b', 120, 2),
      end('acknowledge', 'b', 130),
    ],
    ended('delivered', 2),
  ],
  'attempts used up': [
    [created(), claimed('a', 10, 1), claimed('b', 120, 2), claimed('c', 230, 3)],
    ended('failed', 3),
  ],
  'rejected for good': [
    [created(), claimed('a', 10, 1), end('nack', 'a', 20, { permanent: true })],
    ended('failed', 1),
  ],
  'posted twice under one key': [
    [
      created({ key: 'k' }),
      created({ key: 'k', ...done(3) }),
      claimed('a', 10, 1),
      end('acknowledge', 'a', 20),
    ],
    ended('delivered', 1),
  ],
  'posted without an answer, and never there': [[UNANSWERED]],
  'offered when the lease had run out': [
    [created(), claimed('a', 10, 1), read(111), end('acknowledge', 'a', 120)],
    ended('delivered', 1),
  ],
  'offered before a lease that had run out was extended': [
    [created(), claimed('a', 10, 1), read(120), extended('a', 130, 300), end('acknowledge', 'a', 140)],
    ended('delivered', 1),
  ],
  'offered while it was being claimed': [
    [created(), claimed('a', 10, 1), read(14), end('acknowledge', 'a', 20)],
    ended('delivered', 1),
  ],
  'claimed after an extension without an answer that made the lease shorter': [
    [
      created(),
      claimed('a', 10, 1),
      extended('a', 20, 0, { ...unknown, lease_seconds: 0.03 }),
      claimed('b', 60, 2),
      end('acknowledge', 'b', 70),
    ],
    ended('delivered', 2),
  ],
  'redriven after it was rejected for good': [
    [
      created(),
      claimed('a', 10, 1),
      end('nack', 'a', 20, { permanent: true }),
      redriven(30),
      claimed('b', 40, 1),
      end('acknowledge', 'b', 50),
    ],
    ended('delivered', 1),
  ],
  'a claim that says less than it took': [
    [
      created(),
      claimed('a', 10, 1, { events: [], limit: 5 }),
      claimed('b', 120, 2),
      end('acknowledge', 'b', 130),
    ],
    ended('delivered', 2),
  ],
  'a lease that may have been shortened': [
    [
      created(),
      claimed('a', 10, 1),
      { ...extended('a', 20, 0), ...unknown, lease_seconds: 0.02 },
      claimed('b', 50, 2),
      end('acknowledge', 'b', 60),
    ],
    ended('delivered', 2),
  ],
  'refused because somebody acknowledged without a lease': [
    [created(), claimed('a', 10, 1), acknowledgedByAnybody(20), end('release', 'a', 30, refused)],
    ended('delivered', 1),
  ],
}

const BOTH_ENDED = [end('acknowledge', 'a', 20), end('acknowledge', 'a', 20, { event_id: 'evt_2' })]

const BROKEN: Record<string, [string, Operation[], ...FinalEvent[]]> = {
  'an accepted event is gone': ['lost', [created()]],
  'an event stays open': ['not drained', [created()], ended('pending', 0)],
  'an event that nobody posted': ['from nowhere', [end('acknowledge', 'a', 20)], ended('delivered', 0)],
  'handed out before it was posted': [
    'from nowhere',
    [claimed('a', 10, 1), created(done(200)), end('acknowledge', 'a', 210)],
    ended('delivered', 1),
  ],
  'two events under one key': [
    'duplicated',
    [created({ key: 'k' }), created({ key: 'k', n: 2, event_id: 'evt_2' }), ...BOTH_ENDED],
    ended('delivered', 0),
    { event_id: 'evt_2', n: 2, attempt: 0, status: 'delivered' },
  ],
  'one posting, two events': [
    'duplicated',
    [UNANSWERED, ...BOTH_ENDED],
    ended('delivered', 0),
    { event_id: 'evt_2', n: 1, attempt: 0, status: 'delivered' },
  ],
  'read after it was acknowledged': [
    'resurrected',
    [created(), end('acknowledge', 'a', 20), read(26)],
    ended('delivered', 0),
  ],
  'claimed after it was acknowledged': [
    'resurrected',
    [created(), claimed('a', 10, 1), end('acknowledge', 'a', 20), claimed('b', 200, 2)],
    ended('delivered', 2),
  ],
  'read after it was given up': [
    'handed out after it failed',
    [created(), claimed('a', 10, 1), end('nack', 'a', 20, { permanent: true }), read(30)],
    ended('failed', 1),
  ],
  'two holders': [
    'doubly held',
    [created(), claimed('a', 10, 1), claimed('b', 100, 2), end('acknowledge', 'b', 130)],
    ended('delivered', 2),
  ],
  'offered while somebody held it': [
    'offered while held',
    [created(), claimed('a', 10, 1), read(40), end('acknowledge', 'a', 80)],
    ended('delivered', 1),
  ],
  'offered after an extension': [
    'offered while held',
    [created(), claimed('a', 10, 1), extended('a', 60, 300), read(120), end('acknowledge', 'a', 140)],
    ended('delivered', 1),
  ],
  'two holders, because an extension was forgotten': [
    'doubly held',
    [
      created(),
      claimed('a', 10, 1),
      extended('a', 100, 300),
      claimed('b', 250, 2),
      end('acknowledge', 'b', 310),
    ],
    ended('delivered', 2),
  ],
  'two holders, as the release was refused': [
    'doubly held',
    [
      created(),
      claimed('a', 10, 1),
      acknowledgedByAnybody(15, unknown),
      end('release', 'a', 20, refused),
      claimed('b', 40, 2),
      end('acknowledge', 'b', 300),
    ],
    ended('delivered', 2),
  ],
  'an attempt is given back': [
    'attempts do not rise',
    [
      created(),
      claimed('a', 10, 1),
      end('release', 'a', 20),
      claimed('b', 40, 1),
      end('acknowledge', 'b', 50),
      claimed('c', 10, 1, { ...unknown, events: [] }),
    ],
    ended('delivered', 2),
  ],
  'an attempt is burnt': [
    'attempts do not add up',
    [created(), claimed('a', 10, 2), end('acknowledge', 'a', 20)],
    ended('delivered', 2),
  ],
  'an overtaken holder acknowledges': [
    'overtaken holder accepted',
    [created(), claimed('a', 10, 1), claimed('b', 120, 2), end('acknowledge', 'a', 130)],
    ended('delivered', 2),
  ],
  'acknowledged, and failed all the same': [
    'wrong end',
    [created(), claimed('a', 10, 1), end('acknowledge', 'a', 20)],
    ended('failed', 1),
  ],
  'delivered, though the only acknowledgement was refused': [
    'wrong end',
    [created(), claimed('a', 10, 1), end('acknowledge', 'a', 150, refused)],
    ended('delivered', 1),
  ],
  'shown while somebody holds it': [
    'offered while held',
    [created(), claimed('a', 10, 1), read(20), end('acknowledge', 'a', 30)],
    ended('delivered', 1),
  ],
  'a holder is told that its lease is gone': [
    'holder refused',
    [created(), claimed('a', 10, 1), end('release', 'a', 20, refused), end('acknowledge', 'b', 200)],
    ended('delivered', 1),
  ],
  'another body under a used key': [
    'other body accepted',
    [created({ key: 'k' }), created({ key: 'k', n: 2, ...done(3) }), end('acknowledge', 'a', 20)],
    ended('delivered', 0),
  ],
  'given up too early': ['wrong end', [created(), claimed('a', 10, 1)], ended('failed', 1)],
  'handed out too often': [
    'wrong end',
    [created(), ...[1, 2, 3, 4].map((n) => claimed(`c${n}`, n * 120, n)), end('acknowledge', 'c4', 500)],
    ended('delivered', 4),
  ],
}

t.test('sound histories pass', async (t) => {
  for (const [name, [operations, ...final]] of Object.entries(SOUND)) {
    t.strictSame(rulesBroken(operations, ...final), [], name)
  }
})

t.test('broken histories are flagged', async (t) => {
  for (const [name, [rule, operations, ...final]] of Object.entries(BROKEN)) {
    t.strictSame(rulesBroken(operations, ...final), [rule], name)
  }
})
