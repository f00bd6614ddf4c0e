import t from 'tap'
import {
  acceptedAt,
  createEventIds,
  eventIdOf,
  shardOf,
  ulidOf,
  ulidPrefix,
} from '../../src/domain/event-id.ts'

const zeros = () => new Uint8Array(15)

t.test('an id has the time, the counter and the shard', async (t) => {
  const newEventId = createEventIds(() => 1_469_918_176_385, zeros)
  // The time part is the example of the ULID specification, in lower case.
  t.equal(newEventId(7), 'evt_01aryz6s410000000000000007')
  t.equal(newEventId(31), 'evt_01aryz6s41000000000000001z')
  const ulid = ulidOf(newEventId(31)) ?? ''
  t.equal(acceptedAt(ulid), 1_469_918_176_385)
  t.equal(shardOf(ulid), 31)
  t.equal(ulidOf(eventIdOf(ulid)), ulid)
})

t.test('ids ascend while the clock stands still, goes back and goes on', async (t) => {
  const times = [100, 100, 50, 0, 101, 101]
  let at = 0
  const newEventId = createEventIds(() => times[at++] ?? 101)
  const ids = Array.from(times, () => newEventId(0))
  t.strictSame(ids, ids.toSorted())
  t.equal(new Set(ids).size, ids.length)
  t.strictSame(
    ids.map((id) => acceptedAt(ulidOf(id) ?? '')),
    [100, 100, 100, 100, 101, 101],
  )
})

t.test('a counter that is used up takes the next millisecond', async (t) => {
  const newEventId = createEventIds(
    () => 100,
    () => new Uint8Array(15).fill(31),
  )
  const [first, second] = [newEventId(0), newEventId(0)]
  t.ok(first < second)
  t.equal(acceptedAt(ulidOf(second) ?? ''), 101)
})

t.test('random ids of one process differ from those of another', async (t) => {
  const clock = () => 100
  t.not(createEventIds(clock)(0), createEventIds(clock)(0))
})

t.test('what is not an id of ours has no ULID', async (t) => {
  for (const text of [
    '',
    'evt_',
    'evt_abc123xyz456',
    'evt_01ARYZ6S410000000000000007',
    'evt_81aryz6s410000000000000007',
    'evt_01aryz6s410000000000000007\n',
    'evt_01aryz6s41000000000000000u',
  ]) {
    t.equal(ulidOf(text), undefined, text)
  }
})

t.test('a prefix bounds the ids of its millisecond', async (t) => {
  t.equal(ulidPrefix(1_469_918_176_385), '01aryz6s41')
  t.equal(ulidPrefix(-5), '0000000000')
})
