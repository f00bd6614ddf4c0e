import { Type, type Static, type TObject } from 'typebox'

/** A body that may be null or left out: then its defaults hold. */
export function optional<Schema extends TObject>(schema: Schema) {
  return Type.Unsafe<Static<Schema>>({ ...schema, type: ['object', 'null'] })
}
