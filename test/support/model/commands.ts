import assert from 'node:assert/strict'
import fc, { type AsyncCommand } from 'fast-check'
import type { Event, NewEvent } from '../../../src/schemas/event.ts'
import type { EventCount } from '../../../src/domain/ports.ts'
import { QueueModel, RULES, viewOf, type ModelEvent } from './queue-model.ts'
import type { QueueSystem } from './queue-system.ts'

/** What the specification says of both tenants. */
export class World {
  readonly tenants: [QueueModel, QueueModel] = [new QueueModel(), new QueueModel()]
  readonly counts: Record<EventCount, number> = {
    EventCreated: 0,
    EventClaimed: 0,
    EventDelivered: 0,
    EventFailed: 0,
  }
}

export type QueueCommand = AsyncCommand<World, QueueSystem>

/** Who acts, through which task, and how many answers of its writes get lost. */
interface Actor {
  tenant: number
  task: number
  losing: number
}

/** The tenant's side of a command. */
class Play {
  readonly world: World
  readonly model: QueueModel
  readonly system: QueueSystem
  readonly actor: Actor

  constructor(world: World, system: QueueSystem, actor: Actor) {
    this.world = world
    this.system = system
    this.actor = actor
    this.model = world.tenants[actor.tenant === 0 ? 0 : 1]
  }

  get events() {
    return this.system.tasks[this.actor.task === 0 ? 0 : 1]
  }

  /** Reads go through the other task, which has done nothing of this itself. */
  get others() {
    return this.system.tasks[this.actor.task === 0 ? 1 : 0]
  }

  get scope() {
    return this.system.scope(this.actor.tenant)
  }

  get now() {
    return this.system.now
  }

  write<Result>(perform: () => Promise<Result>): Promise<Result> {
    return this.system.write(this.actor.losing, perform)
  }

  view(eventId: string): Event | undefined {
    const event = this.model.find(eventId, this.now)
    return event && viewOf(event, this.now)
  }

  async read(eventId: string): Promise<Event | undefined> {
    const event = await orCode(this.others.get(this.scope, eventId))
    if (typeof event !== 'string') return event
    assert.equal(event, 'not_found')
    return undefined
  }

  /** Compares what is stored with the model. */
  async audit(eventIds: Iterable<string>): Promise<void> {
    const audit = async (id: string) => {
      assert.deepEqual(await this.read(id), this.view(id))
    }
    await Promise.all([...new Set(eventIds)].map(audit))
  }
}

/** The result, or the code of the error instead. */
export async function orCode<Result>(result: Promise<Result>): Promise<Result | string> {
  try {
    return await result
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (typeof code !== 'string') throw error
    return code
  }
}

function command(
  name: string,
  actor: Actor,
  input: unknown,
  run: (play: Play) => Promise<void>,
): QueueCommand {
  const who = `${['one', 'three'][actor.tenant] ?? ''}-shard tenant, task ${actor.task}`
  const losing = actor.losing > 0 ? `, ${actor.losing} answers lost` : ''
  return {
    check: () => true,
    run: (world, system) => run(new Play(world, system, actor)),
    toString: () => `${name}(${JSON.stringify(input)}; ${who}${losing})`,
  }
}

// What commands are made of. Events and leases are chosen by number: the sequence shrinks independently of the ids.

type EventChoice = { kind: 'own' | 'foreign' | 'unknown'; pick: number }
type LeaseChoice = { kind: 'holder' | 'other' | 'unknown'; pick: number }

const pick = fc.nat({ max: 30 })
const weighted = <Kind>(...choices: [number, Kind][]) =>
  fc.oneof(...choices.map(([weight, kind]) => ({ weight, arbitrary: fc.constant(kind) })))
const eventChoice: fc.Arbitrary<EventChoice> = fc.record({
  kind: weighted<EventChoice['kind']>([16, 'own'], [1, 'foreign'], [1, 'unknown']),
  pick,
})
const leaseChoice: fc.Arbitrary<LeaseChoice> = fc.record({
  kind: weighted<LeaseChoice['kind']>([6, 'holder'], [2, 'other'], [1, 'unknown']),
  pick,
})
const maybe = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined })
const leaseSeconds = fc.constantFrom(1, 5, 30, 43_200)

const UNKNOWN_IDS = ['evt_01jd8x5q3v7k2m9n4p6r8s0t10', 'evt_abc123xyz456', 'x']
const at = <Item>(items: readonly Item[], pick: number) => items[pick % Math.max(1, items.length)]

function idOf({ world, model, actor }: Play, { kind, pick }: EventChoice): string {
  const ids = { own: model.ids, foreign: world.tenants[actor.tenant === 0 ? 1 : 0].ids, unknown: UNKNOWN_IDS }
  return at(ids[kind], pick) ?? 'evt_none'
}

function leaseOf({ model, now }: Play, eventId: string, { kind, pick }: LeaseChoice): string {
  const held = kind === 'holder' ? model.find(eventId, now)?.lease_id : undefined
  return held ?? (kind === 'unknown' ? undefined : at(model.leases, pick)) ?? 'lease_unknown'
}

// create

type Timing = 'now' | 'soon' | 'later' | 'past' | 'ahead' | 'too far'
const timing = weighted<Timing>(
  [8, 'now'],
  [2, 'soon'],
  [1, 'later'],
  [1, 'past'],
  [1, 'ahead'],
  [1, 'too far'],
)
const TYPES = ['order.created', 'user.deleted']
const KEYS = ['k0', 'k1', 'k2']

interface NewEventChoice {
  type: string
  n: number
  metadata: boolean
  timing: Timing
  key: string | undefined
}
const newEventChoice: fc.Arbitrary<NewEventChoice> = fc.record({
  type: fc.constantFrom(...TYPES),
  n: fc.nat({ max: 1 }),
  metadata: fc.boolean(),
  timing,
  key: fc.option(fc.constantFrom(...KEYS), { nil: undefined, freq: 2 }),
})

function bodyOf({ type, n, metadata, timing }: NewEventChoice, now: number): NewEvent {
  const ahead = (seconds: number) => ({ deliver_at: new Date(now + seconds * 1000).toISOString() })
  const times = {
    now: {},
    soon: { delay_seconds: 3 },
    later: { delay_seconds: 3_600 },
    past: { deliver_at: '2020-02-02T02:02:02+02:00' },
    ahead: ahead(10),
    'too far': ahead(RULES.maxDelaySeconds + 60),
  }
  return { event_type: type, payload: { n }, ...(metadata ? { metadata: { n } } : {}), ...times[timing] }
}

/** What the answer must be: a code, an event that is there already, or a new one. */
function planCreate({ model, now }: Play, body: NewEvent, { timing, key }: NewEventChoice) {
  if (timing === 'too far') return 'invalid_request'
  const record = model.record(key, now)
  if (record && record.body !== JSON.stringify(body)) return 'idempotency_key_reused'
  return { known: record && model.find(record.event_id, now), promised: record?.event_id }
}

/** Takes over what was created, and compares it. */
function takeOver(play: Play, body: NewEvent, choice: NewEventChoice, event: Event): void {
  const { model, now, world } = play
  const plan = planCreate(play, body, choice)
  assert.ok(typeof plan === 'object', `created, not ${JSON.stringify(plan)}`)
  const { known, promised } = plan
  assert.equal(event.event_id, promised ?? event.event_id, 'the key stands for an event already')
  if (!known) {
    if (promised === undefined) assert.ok(!model.ids.includes(event.event_id))
    // An event that was promised before its task died keeps the time of its id.
    const created_at = promised === undefined ? now : Date.parse(event.created_at)
    model.create(event.event_id, body, created_at, now)
    if (choice.key !== undefined && promised === undefined)
      model.remember(choice.key, body, event.event_id, now)
    world.counts.EventCreated += 1
  }
  assert.deepEqual(event, play.view(event.event_id))
}

const create = (actor: Actor, choice: NewEventChoice) =>
  command('create', actor, choice, async (play) => {
    const body = bodyOf(choice, play.now + 1)
    const created = await play.write(() => orCode(play.events.create(play.scope, body, choice.key)))
    if (typeof created === 'string') {
      assert.equal(created, planCreate(play, body, choice))
      return
    }
    const plan = planCreate(play, body, choice)
    assert.equal(created.replayed, typeof plan === 'object' && plan.promised !== undefined)
    takeOver(play, body, choice, created.event)
    await play.audit([created.event.event_id])
  })

/** The task dies between the key and the event; whoever comes with the key finishes its work. */
const crash = (actor: Actor, choice: NewEventChoice) =>
  command('crash while creating', actor, choice, async (play) => {
    const { system } = play
    const body = bodyOf(choice, play.now + 1)
    let lost: string | undefined
    system.crash = (eventId) => (lost = eventId)
    const ended = play.write(() => orCode(play.events.create(play.scope, body, choice.key)))
    const code = await ended.then(
      (result) => (typeof result === 'string' ? result : 'replayed'),
      () => 'died',
    )
    system.crash = undefined
    const plan = planCreate(play, body, choice)
    if (typeof plan === 'string') assert.equal(code, plan)
    else assert.equal(code, plan.known ? 'replayed' : 'died')
    if (typeof plan === 'object' && plan.promised === undefined && choice.key !== undefined)
      play.model.remember(choice.key, body, lost ?? '', play.now)
  })

type MemberChoice = NewEventChoice & { fault: 'none' | 'type' | 'size' }
const memberChoice: fc.Arbitrary<MemberChoice> = fc
  .tuple(newEventChoice, weighted<MemberChoice['fault']>([6, 'none'], [1, 'type'], [1, 'size']))
  .map(([choice, fault]) => ({ ...choice, fault }))

const STATUS_OF: Record<string, number> = { invalid_request: 400, idempotency_key_reused: 422 }

const batch = (actor: Actor, choices: MemberChoice[]) =>
  command('batch', actor, choices, async (play) => {
    const bodies = choices.map((choice) => bodyOf(choice, play.now + 1))
    const members = choices.map(({ key, fault }, n) => ({
      value: {
        ...bodies[n],
        ...(fault === 'type' ? { event_type: '' } : {}),
        ...(key === undefined ? {} : { idempotency_key: key }),
      },
      bytes: fault === 'size' ? 262_145 : 100,
      faults: [],
    }))
    const results = await play.write(() => play.events.createBatch(play.scope, members))
    assert.equal(results.length, choices.length)
    for (const [n, choice] of choices.entries()) {
      const [result, body] = [results[n]!, bodies[n]!]
      const plan = planCreate(play, body, choice)
      const refused = { none: undefined, type: 400, size: 413 }[choice.fault]
      const status = refused ?? (typeof plan === 'string' ? STATUS_OF[plan] : 201)
      assert.equal(result.status, status)
      if (status === 201) takeOver(play, body, choice, result.event!)
      else assert.equal(result.event, undefined)
    }
    await play.audit(results.flatMap(({ event }) => event?.event_id ?? []))
  })

// claim, extend, release, nack, acknowledge

/** Finds out which events, whose attempts were used up, the claim gave up: on several shards it may choose. */
async function adoptFailures(play: Play, candidates: ModelEvent[]): Promise<ModelEvent[]> {
  const failed: ModelEvent[] = []
  for (const event of candidates) {
    if ((await play.read(event.event_id))?.status !== 'failed') continue
    play.model.fail(event, play.now)
    failed.push(event)
  }
  return failed
}

const claim = (actor: Actor, body: { limit: number; lease_seconds: number }) =>
  command('claim', actor, body, async (play) => {
    const { model, system, world } = play
    const wait = { ...body, wait_seconds: 0 }
    const answer = await play.write(() => play.events.claim(play.scope, wait, new AbortController().signal))
    const { now } = play
    const isOrdered = actor.tenant === 0 && system.lostClaims === 0
    const plan = model.planClaim(body.limit, now)
    const usedUp = model.available(now).filter(({ attempts }) => attempts >= RULES.maxAttempts)
    const ids = answer.events.map(({ event_id }) => event_id)
    const expected = plan.claimed.map(({ event_id }) => event_id)
    if (!system.isExact) assert.ok(ids.length <= body.limit)
    else if (isOrdered) assert.deepEqual(ids, expected)
    else assert.equal(ids.length, expected.length)
    const until = now + body.lease_seconds * 1000
    for (const id of ids) {
      const event = model.available(now).find(({ event_id }) => event_id === id)
      assert.ok(event && event.attempts < RULES.maxAttempts, `${id} cannot be claimed`)
      model.claim(event, answer.lease_id!, until)
    }
    assert.equal(answer.lease_expires_at, ids.length > 0 ? new Date(until).toISOString() : null)
    if (answer.lease_id !== null) model.leases.push(answer.lease_id)
    const failed = await adoptFailures(play, usedUp)
    if (system.isExact && (isOrdered || ids.length < body.limit))
      assert.deepEqual(failed, isOrdered ? plan.failed : usedUp)
    world.counts.EventClaimed += ids.length
    world.counts.EventFailed += failed.length
    assert.deepEqual(
      answer.events,
      ids.map((id) => play.view(id)),
    )
    await play.audit([...ids, ...expected])
  })

interface HolderChoice {
  events: EventChoice[]
  lease: LeaseChoice
}
const holderChoice: fc.Arbitrary<HolderChoice> = fc.record({
  events: fc.array(eventChoice, { minLength: 1, maxLength: 4 }),
  lease: leaseChoice,
})

/** The ids and the lease of the first one, as a holder would name them. */
function named(play: Play, { events, lease }: HolderChoice) {
  const event_ids = events.map((choice) => idOf(play, choice))
  return { event_ids, lease_id: leaseOf(play, event_ids[0]!, lease) }
}

/** Applies a change to each event once and gives the results in the order of the ids. */
function resultsOf<Result>(eventIds: string[], change: (eventId: string) => Result) {
  const results = new Map([...new Set(eventIds)].map((id) => [id, change(id)]))
  return eventIds.map((event_id) => ({ event_id, result: results.get(event_id) }))
}

const extend = (actor: Actor, choice: HolderChoice, lease_seconds: number) =>
  command('extend', actor, { ...choice, lease_seconds }, async (play) => {
    const body = { ...named(play, choice), lease_seconds }
    const answer = await play.write(() => play.events.extend(play.scope, body))
    const until = play.now + lease_seconds * 1000
    const results = resultsOf(body.event_ids, (id) => play.model.extend(id, body.lease_id, until, play.now))
    const isAny = results.some(({ result }) => result === 'extended')
    assert.deepEqual(answer, { lease_expires_at: isAny ? new Date(until).toISOString() : null, results })
    await play.audit(body.event_ids)
  })

const release = (actor: Actor, choice: HolderChoice) =>
  command('release', actor, choice, async (play) => {
    const body = named(play, choice)
    const answer = await play.write(() => play.events.release(play.scope, body, () => {}))
    const results = resultsOf(body.event_ids, (id) => play.model.release(id, body.lease_id, play.now))
    assert.deepEqual(answer, { results })
    await play.audit(body.event_ids)
  })

const acknowledgeMany = (actor: Actor, choice: HolderChoice, isHolder: boolean) =>
  command('acknowledge many', actor, { ...choice, isHolder }, async (play) => {
    const { event_ids, lease_id } = named(play, choice)
    const body = isHolder ? { event_ids, lease_id } : { event_ids }
    const told: unknown[] = []
    const answer = await play.write(() =>
      play.events.acknowledgeMany(play.scope, body, ({ event_id, repeated }) =>
        told.push({ event_id, repeated }),
      ),
    )
    const results = resultsOf(event_ids, (id) => play.model.acknowledge(id, body.lease_id, play.now))
    const written = new Set(
      results.filter(({ result }) => result === 'acknowledged').map(({ event_id }) => event_id),
    )
    assert.deepEqual(answer, { results })
    assert.equal(told.filter((one) => !(one as { repeated: boolean }).repeated).length, written.size)
    play.world.counts.EventDelivered += written.size
    await play.audit(event_ids)
  })

const acknowledge = (actor: Actor, event: EventChoice, lease: LeaseChoice | undefined) =>
  command('acknowledge', actor, { event, lease }, async (play) => {
    const id = idOf(play, event)
    const leaseId = lease && leaseOf(play, id, lease)
    const answer = await play.write(() => orCode(play.events.acknowledge(play.scope, id, leaseId, () => {})))
    const result = play.model.acknowledge(id, leaseId, play.now)
    const isDone = result === 'acknowledged' || result === 'already_delivered'
    assert.equal(answer, isDone ? undefined : result)
    if (result === 'acknowledged') play.world.counts.EventDelivered += 1
    await play.audit([id])
  })

interface NackChoice {
  event: EventChoice
  lease: LeaseChoice | undefined
  delay_seconds: number | undefined
  reason: string | undefined
  permanent: boolean | undefined
}
const nackChoice: fc.Arbitrary<NackChoice> = fc.record({
  event: eventChoice,
  lease: maybe(leaseChoice),
  delay_seconds: maybe(fc.constantFrom(0, 2, 600)),
  reason: maybe(fc.constantFrom('the shop answered 502', 'no such customer')),
  permanent: maybe(weighted([3, false], [1, true])),
})

const nack = (actor: Actor, choice: NackChoice) =>
  command('nack', actor, choice, async (play) => {
    const { event, lease, ...options } = choice
    const id = idOf(play, event)
    const body = { ...options, lease_id: lease && leaseOf(play, id, lease) }
    const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined))
    const answer = await play.write(() => orCode(play.events.nack(play.scope, id, given)))
    const plan = play.model.nack(id, body, play.now)
    assert.equal(answer, 'refusal' in plan ? plan.refusal : 'failed' in plan ? 'failed' : 'delayed')
    if ('failed' in plan) play.world.counts.EventFailed += 1
    if ('from' in plan) {
      const available_at = Date.parse((await play.read(id))?.available_at ?? '')
      assert.ok(available_at >= plan.from && available_at <= plan.to, `comes again at ${available_at}`)
      play.model.events.get(id)!.available_at = available_at
    }
    await play.audit([id])
  })

// dead letters

const redrive = (actor: Actor, event: EventChoice) =>
  command('redrive', actor, event, async (play) => {
    const id = idOf(play, event)
    const answer = await play.write(() => orCode(play.events.redrive(play.scope, id, () => {})))
    const result = play.model.redrive(id, play.now)
    assert.deepEqual(answer, result === 'redriven' ? play.view(id) : result)
    await play.audit([id])
  })

interface RedriveChoice {
  event_type: string | undefined
  /** An event whose failing bounds the interval. */
  bound: { side: 'after' | 'before'; pick: number } | undefined
  limit: number
  dry_run: boolean
}
const redriveChoice: fc.Arbitrary<RedriveChoice> = fc.record({
  event_type: maybe(fc.constantFrom(...TYPES)),
  bound: maybe(fc.record({ side: fc.constantFrom('after', 'before'), pick })),
  limit: fc.constantFrom(1, 2, 100),
  dry_run: fc.boolean(),
})

function boundOf(moments: (number | null)[], bound: { side: 'after' | 'before'; pick: number } | undefined) {
  const moment = bound && at(moments, bound.pick)
  return moment === undefined || moment === null || !bound ? {} : { [bound.side]: moment }
}

const redriveMany = (actor: Actor, choice: RedriveChoice) =>
  command('redrive many', actor, choice, async (play) => {
    const { model, now } = play
    const { event_type, bound, limit, dry_run } = choice
    const failedAt = model.failed(now, {}).map(({ failed_at }) => failed_at)
    const filter = { event_type, ...boundOf(failedAt, bound) } as { after?: number; before?: number }
    const body = {
      limit,
      dry_run,
      ...(event_type === undefined ? {} : { event_type }),
      ...(filter.after === undefined ? {} : { failed_after: new Date(filter.after).toISOString() }),
      ...(filter.before === undefined ? {} : { failed_before: new Date(filter.before).toISOString() }),
    }
    let cursor: string | null | undefined
    do {
      const page = typeof cursor === 'string' ? { ...body, cursor } : body
      const answer = await play.write(() => play.events.redriveMany(play.scope, page, () => {}))
      await takeOverPage(play, filter, { ...choice, isFirst: cursor === undefined }, answer)
      cursor = answer.next_cursor
    } while (cursor !== null)
    if (play.system.isExact && !dry_run) assert.deepEqual(model.failed(now, filter), [])
  })

/** Compares a page of dead letters; which of them are redriven is read back, and must be what the answer says. */
async function takeOverPage(
  play: Play,
  filter: { after?: number; before?: number },
  { limit, dry_run, isFirst }: RedriveChoice & { isFirst: boolean },
  answer: { matched: number; redriven: number; next_cursor: string | null },
): Promise<void> {
  const matching = play.model.failed(play.now, filter)
  if (play.system.isExact && isFirst) {
    assert.equal(answer.matched, Math.min(limit, matching.length))
    assert.equal(answer.redriven, dry_run ? 0 : answer.matched)
  }
  let redriven = 0
  for (const { event_id } of matching) {
    if (dry_run || (await play.read(event_id))?.status !== 'pending') continue
    assert.equal(play.model.redrive(event_id, play.now), 'redriven')
    redriven += 1
  }
  assert.equal(answer.redriven, redriven)
  await play.audit(matching.map(({ event_id }) => event_id))
}

// reading and time

/** Follows a list to its end, through both tasks in turn. */
async function walk<Item>(
  play: Play,
  read: (
    events: Play['events'],
    cursor: string | undefined,
  ) => Promise<{ items: Item[]; cursor: string | null }>,
): Promise<Item[]> {
  const items: Item[] = []
  let cursor: string | null | undefined
  for (let page = 0; cursor !== null; page++) {
    assert.ok(page < 200, 'the walk ends')
    const answer = await read(page % 2 === 0 ? play.events : play.others, cursor)
    items.push(...answer.items)
    cursor = answer.cursor
  }
  return items
}

interface ListChoice {
  status: ModelEvent['status'] | undefined
  event_type: string | undefined
  bound: { side: 'after' | 'before'; pick: number } | undefined
  limit: number
}
const listChoice: fc.Arbitrary<ListChoice> = fc.record({
  status: maybe(fc.constantFrom('pending', 'undelivered', 'delivered', 'failed')),
  event_type: maybe(fc.constantFrom(...TYPES)),
  bound: maybe(fc.record({ side: fc.constantFrom('after', 'before'), pick })),
  limit: fc.constantFrom(1, 3, 100),
})

async function list(play: Play, { status, event_type, bound, limit }: ListChoice): Promise<void> {
  const { model, now } = play
  const createdAt = model.all(now).map(({ created_at }) => created_at)
  const filter = { event_type, ...boundOf(createdAt, bound) } as { after?: number; before?: number }
  const query = {
    limit,
    ...(status === undefined ? {} : { status }),
    ...(event_type === undefined ? {} : { event_type }),
    ...(filter.after === undefined ? {} : { created_after: new Date(filter.after).toISOString() }),
    ...(filter.before === undefined ? {} : { created_before: new Date(filter.before).toISOString() }),
  }
  const found = await walk(play, (events, cursor) =>
    events.list(play.scope, { ...query, ...(cursor === undefined ? {} : { cursor }) }),
  )
  // Only lists by status may lag.
  if (play.system.isExact || status === undefined) assert.deepEqual(found, model.list(now, status, filter))
  else for (const { event_id } of found) assert.ok(model.ids.includes(event_id))
}

async function inbox(play: Play, event_type: string | undefined, limit: number): Promise<void> {
  const { model, now } = play
  const found = await walk(play, (events, cursor) =>
    events.inbox(play.scope, {
      limit,
      ...(event_type === undefined ? {} : { event_type }),
      ...(cursor === undefined ? {} : { cursor }),
    }),
  )
  const open = model.available(now).filter((event) => (event_type ?? event.event_type) === event.event_type)
  const views = open.map((event) => viewOf(event, now))
  if (play.system.isExact) assert.deepEqual(found, views)
  // An index that is behind may hide events, but nothing shows that is not on offer.
  else for (const event of found) assert.deepEqual(event, play.view(event.event_id))
  for (const { event_id } of found) assert.ok(open.some((event) => event.event_id === event_id))
}

async function stats(play: Play): Promise<void> {
  const answer = await play.others.stats(play.scope)
  if (play.system.isExact) assert.deepEqual(answer, play.model.stats(play.now))
}

async function get(play: Play, event: EventChoice): Promise<void> {
  const id = idOf(play, event)
  assert.deepEqual(await orCode(play.events.get(play.scope, id)), play.view(id) ?? 'not_found')
}

type Leap = { ms: number } | { toNext: number }
const leap: fc.Arbitrary<Leap> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ ms: fc.constantFrom(1, 200, 300, 2_000, 6_000, 31_000) }) },
  // To the next moment at which something comes about by itself, and a little to either side.
  { weight: 5, arbitrary: fc.record({ toNext: fc.integer({ min: -2, max: 1 }) }) },
  { weight: 1, arbitrary: fc.record({ ms: fc.constantFrom(43_201_000, 86_400_000, 31 * 86_400_000) }) },
)

function advance(play: Play, leap: Leap): void {
  if ('ms' in leap) {
    play.system.now += leap.ms
    return
  }
  const moments = play.world.tenants
    .flatMap((model) => model.all(play.now))
    .flatMap(({ available_at, leased_until }) => [available_at ?? 0, leased_until ?? 0])
    .filter((ms) => ms > play.now)
  if (moments.length > 0) play.system.now = Math.max(play.now, Math.min(...moments) + leap.toNext)
}

/** Compares everything with the model, once the indexes have caught up. */
export async function auditAll(world: World, system: QueueSystem): Promise<void> {
  await system.settle()
  for (const tenant of [0, 1]) {
    const play = new Play(world, system, { tenant, task: tenant, losing: 0 })
    const listAll = (status: ListChoice['status']) =>
      list(play, { status, event_type: undefined, bound: undefined, limit: 5 })
    await Promise.all([
      play.audit(play.model.ids),
      ...([undefined, 'pending', 'undelivered', 'delivered', 'failed'] as const).map(listAll),
      inbox(play, undefined, 4),
      stats(play),
    ])
  }
  assert.deepEqual(system.counts, world.counts)
}

/** Every verb, in the shares that get events far. @param maxLosing How many answers a command may lose at most. */
export function queueCommands(maxLosing = 0): fc.Arbitrary<QueueCommand>[] {
  const actor = fc.record({ tenant: fc.nat({ max: 1 }), task: fc.nat({ max: 1 }), losing: fc.nat(maxLosing) })
  const reader = actor.map((one) => ({ ...one, losing: 0 }))
  const limit = fc.constantFrom(1, 3, 100)
  const creates = fc.tuple(actor, newEventChoice).map((args) => create(...args))
  const claims = fc
    .tuple(actor, fc.record({ limit: fc.constantFrom(1, 2, 10), lease_seconds: leaseSeconds }))
    .map((args) => claim(...args))
  const nacks = fc.tuple(actor, nackChoice).map((args) => nack(...args))
  const advances = fc.tuple(reader, leap).map(([one, by]) =>
    command('advance', one, by, async (play) => {
      advance(play, by)
    }),
  )
  return [
    ...[creates, creates, claims, claims, claims, nacks, nacks, advances, advances],
    fc.tuple(actor, fc.array(memberChoice, { minLength: 1, maxLength: 6 })).map((args) => batch(...args)),
    fc
      .tuple(actor, newEventChoice)
      .filter(([, { key }]) => key !== undefined)
      .map((args) => crash(...args)),
    fc.tuple(actor, holderChoice, leaseSeconds).map((args) => extend(...args)),
    fc.tuple(actor, holderChoice).map((args) => release(...args)),
    fc.tuple(actor, holderChoice, fc.boolean()).map((args) => acknowledgeMany(...args)),
    fc.tuple(actor, eventChoice, maybe(leaseChoice)).map((args) => acknowledge(...args)),
    fc.tuple(actor, eventChoice).map((args) => redrive(...args)),
    fc.tuple(actor, redriveChoice).map((args) => redriveMany(...args)),
    fc
      .tuple(reader, listChoice)
      .map(([one, choice]) => command('list', one, choice, (play) => list(play, choice))),
    fc
      .tuple(reader, maybe(fc.constantFrom(...TYPES)), limit)
      .map(([one, type, most]) =>
        command('inbox', one, { type, limit: most }, (play) => inbox(play, type, most)),
      ),
    reader.map((one) => command('stats', one, {}, stats)),
    fc
      .tuple(reader, eventChoice)
      .map(([one, choice]) => command('get', one, choice, (play) => get(play, choice))),
  ]
}

/** Lets lagging indexes catch up. */
export const settle: fc.Arbitrary<QueueCommand> = fc.constant({
  check: () => true,
  run: (_world, system) => system.settle(),
  toString: () => 'settle',
} satisfies QueueCommand)
