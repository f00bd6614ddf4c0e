import t from 'tap'
import { createValidator } from '../../src/schemas/validator.ts'

t.test('copies of one named schema can be compiled: each app has its own', async (t) => {
  const schema = { $id: 'Named', type: 'object', required: ['a'] }
  for (const copy of [{ ...schema }, { ...schema }]) {
    t.strictSame(createValidator(copy, 'body')({}), [
      { field: 'a', code: 'required', message: 'is required' },
    ])
  }
})
