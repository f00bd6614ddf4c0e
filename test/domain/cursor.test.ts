import t from 'tap'
import { createCursors } from '../../src/domain/cursor.ts'

const binding = { route: 'list', tenant: 'acme', filters: ['pending', undefined] }
const cursors = createCursors(['the secret'])
const invalid = { code: 'invalid_cursor' }

t.test('a cursor gives back its position', async (t) => {
  t.equal(cursors.open(binding, cursors.seal(binding, '01aryz')), '01aryz')
})

t.test('a cursor is good for its route, tenant and filters alone', async (t) => {
  const cursor = cursors.seal(binding, '01aryz')
  t.throws(() => cursors.open({ ...binding, route: 'inbox' }, cursor), invalid)
  t.throws(() => cursors.open({ ...binding, tenant: 'other' }, cursor), invalid)
  t.throws(() => cursors.open({ ...binding, filters: ['failed', undefined] }, cursor), invalid)
})

t.test('a cursor changed in any character, cut or lengthened is refused', async (t) => {
  const cursor = cursors.seal(binding, '01aryz6s41')
  const others = 'AZaz09-_'
  for (let at = 0; at < cursor.length; at++) {
    for (const other of others.replace(cursor.charAt(at), '')) {
      t.throws(() => cursors.open(binding, cursor.slice(0, at) + other + cursor.slice(at + 1)), invalid)
    }
  }
  for (const text of [
    '',
    'x',
    cursor.slice(1),
    cursor.slice(0, -1),
    `${cursor}=`,
    `${cursor}A`,
    ` ${cursor}`,
    'A'.repeat(10_000),
  ]) {
    t.throws(() => cursors.open(binding, text), invalid, text.slice(0, 20))
  }
})

t.test('a secret can be replaced: the older one is still accepted, the newer one signs', async (t) => {
  const before = createCursors(['old'])
  const during = createCursors(['new', 'old'])
  const after = createCursors(['new'])
  t.equal(during.open(binding, before.seal(binding, 'p')), 'p')
  t.equal(after.open(binding, during.seal(binding, 'p')), 'p')
  t.throws(() => after.open(binding, before.seal(binding, 'p')), invalid)
})
