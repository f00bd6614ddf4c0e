import t from 'tap'
import type { Item } from '../../src/dynamodb/keys.ts'
import { createShardMerge } from '../../src/dynamodb/shard-merge.ts'

const item = (key: string): Item => ({ k: { S: key } })
const keyOf = ({ k }: Item) => k?.S ?? ''

/** Shards as lists of pages; a page is its keys and, after `>`, up to where it was read when that is not the last key. */
function mergeOf(shards: string[][], maxPages = 10) {
  const reads: string[] = []
  const merge = createShardMerge({
    shards: shards.length,
    maxPages,
    sortKeyOf: keyOf,
    isBefore: (a, b) => a < b,
    async readPage(shard, page, continuation) {
      reads.push(`${shard}:${page}:${continuation ? keyOf(continuation) : ''}`)
      const [keys = '', readTo] = (shards[shard]?.[page] ?? '').split('>')
      const rows = Array.from(keys, item)
      const isLast = page + 1 === shards[shard]?.length
      return { rows, continuation: isLast ? undefined : item(readTo ?? keys.at(-1) ?? '') }
    },
  })
  return { merge, reads }
}

async function drain(merge: ReturnType<typeof createShardMerge>): Promise<string> {
  let keys = ''
  for (let row = await merge.next(); row; row = await merge.next()) keys += keyOf(row)
  return keys
}

t.test('shards are merged in order, whatever their pages', async (t) => {
  for (const shards of [
    [['adg'], ['beh'], ['cfi']],
    [
      ['ad', 'g'],
      ['b', '>d', 'eh'],
      ['>a', '>b', 'cfi'],
    ],
    [['abc'], [''], ['defghi']],
  ]) {
    const { merge } = mergeOf(shards)
    t.equal(await drain(merge), 'abcdefghi')
    t.equal(merge.readTo(), null)
    t.ok(merge.isAtEnd())
  }
})

t.test('only the shard that ran dry is read on', async (t) => {
  const { merge, reads } = mergeOf([['a', 'd'], ['bce']])
  t.equal(await drain(merge), 'abcde')
  t.strictSame(reads, ['0:0:', '1:0:', '0:1:a'])
})

t.test('a shard that is not read far enough holds back what comes after it', async (t) => {
  const { merge } = mergeOf([['a', 'b', 'c'], ['xyz']], 2)
  t.equal(await drain(merge), 'ab')
  t.equal(merge.readTo(), 'b')
  t.notOk(merge.isAtEnd())
})

t.test('pages without rows count against the budget and still move on', async (t) => {
  const { merge } = mergeOf([['>b', '>d', '>f', 'g']], 3)
  t.equal(await drain(merge), '')
  t.equal(merge.readTo(), 'f')
})

t.test('the end is known with the last row', async (t) => {
  const { merge } = mergeOf([['a'], ['b']])
  await merge.next()
  t.notOk(merge.isAtEnd())
  await merge.next()
  t.ok(merge.isAtEnd())
})
