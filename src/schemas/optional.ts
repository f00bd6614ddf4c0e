import { Type, type Static, type TObject, type TSchema } from 'typebox'

/** A body that may be null or left out: then its defaults hold. */
export function optional<Schema extends TObject>(schema: Schema) {
  return Type.Unsafe<Static<Schema>>({ ...schema, type: ['object', 'null'] })
}

/** A member with a default: clients may leave it out, and handlers always find it, for the validation fills it in. */
export function withDefault<Schema extends TSchema>(schema: Schema): Schema {
  return Type.Optional(schema) as TSchema as Schema
}
