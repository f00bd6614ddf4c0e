import t from 'tap'
import { Type } from 'typebox'
import { createValidator } from '../../src/schemas/validator.ts'

t.test('schemas of one name are each their own: every app brings its copies', async (t) => {
  const named = (maximum: number) => Type.Object({ n: Type.Integer({ maximum }) }, { $id: 'Same' })
  const [small, large] = [createValidator(named(1), 'body'), createValidator(named(9), 'body')]
  t.strictSame(small({ n: 5 }), [{ field: 'n', message: 'must be at most 1', code: 'range' }])
  t.strictSame(large({ n: 5 }), [])
})

t.test('an element is named by its place, and a length has words of its own', async (t) => {
  const ids = Type.Array(Type.String({ maxLength: 3 }), { minItems: 1, maxItems: 2 })
  const validate = createValidator(Type.Object({ ids }), 'body')
  t.strictSame(validate({ ids: ['a', 5] }), [{ field: 'ids[1]', message: 'must be string', code: 'type' }])
  t.strictSame(validate({ ids: [] }), [
    { field: 'ids', message: 'must have at least 1 element', code: 'length' },
  ])
  t.strictSame(validate({ ids: ['a', 'b', 'c'] }), [
    { field: 'ids', message: 'must have at most 2 elements', code: 'length' },
  ])
  t.strictSame(validate({ ids: ['abcd'] }), [
    { field: 'ids[0]', message: 'must have at most 3 characters', code: 'length' },
  ])
})
