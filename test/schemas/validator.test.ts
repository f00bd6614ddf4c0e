import t from 'tap'
import { Type } from 'typebox'
import { createValidator } from '../../src/schemas/validator.ts'

t.test('schemas of one name are each their own: every app brings its copies', async (t) => {
  const named = (maximum: number) => Type.Object({ n: Type.Integer({ maximum }) }, { $id: 'Same' })
  const [small, large] = [createValidator(named(1), 'body'), createValidator(named(9), 'body')]
  t.strictSame(small({ n: 5 }), [{ field: 'n', message: 'must be at most 1', code: 'range' }])
  t.strictSame(large({ n: 5 }), [])
})
