import t from 'tap'
import { Tally } from '../../src/domain/tally.ts'

t.test('sums up under each name', async (t) => {
  const tally = new Tally()
  t.equal(tally.of('acme'), 0)
  tally.add('acme', 3)
  tally.add('acme', 4)
  tally.add('other', 1)
  tally.add('acme', -5)
  t.equal(tally.of('acme'), 2)
  t.equal(tally.of('other'), 1)
})

t.test('forgets names only when nothing is left under them', async (t) => {
  const tally = new Tally()
  const names = Array.from({ length: 10_000 }, (_, n) => `tenant-${n}`)
  for (const name of names) tally.add(name, 2)
  for (const name of names.slice(1)) tally.add(name, -2)
  for (let n = 0; n < 30_000; n++) {
    tally.add(`guest-${n}`, 1)
    tally.add(`guest-${n}`, -1)
  }
  t.equal(tally.of('tenant-0'), 2)
  t.equal(tally.of('tenant-1'), 0)
  t.ok(tally.size < 3_000, `${tally.size} names are kept`)
})
