import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'

const select = SerializerSelector()

/**
 * Compiles a serializer once for each schema instead of once for each route and status: the error envelope alone
 * stands under a hundred of them, and compiling was two thirds of the time that an app takes to start.
 */
export const buildSerializer: typeof select = (components, options) => {
  const compile = select(components, options)
  const known = new Map<string, ReturnType<typeof compile>>()
  return (route) => {
    const key = JSON.stringify(route.schema)
    const serialize = known.get(key) ?? compile(route)
    known.set(key, serialize)
    return serialize
  }
}
