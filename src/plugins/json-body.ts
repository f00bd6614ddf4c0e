import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isUtf8 } from 'node:buffer'
import { bodyFault, readJson, readJsonArray } from '../domain/json-text.ts'
import { AppError } from '../errors.ts'

/** Most bytes of a body as received. */
export const MAX_BODY_BYTES = 262_144

const JSON_TYPE = /^application\/json\s*(;|$)/i
/** Stands for every other type, well formed or not. */
const OTHER_TYPE = 'application/octet-stream'

function unsupportedMediaType(message: string): AppError {
  return new AppError('unsupported_media_type', message)
}

function hasNoBody({ headers }: FastifyRequest): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] === undefined && (length === undefined || length === '0')
}

function parseJson(request: FastifyRequest, bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw unsupportedMediaType('Bodies are taken uncompressed: without Content-Encoding.')
  }
  if (!isUtf8(bytes)) {
    request.bodyFaults = [bodyFault('invalid_utf8', 'is not valid UTF-8')]
    return undefined
  }
  const { batch } = request.route.config
  if (batch !== undefined) {
    const { value, faults, elements } = readJsonArray(bytes, batch)
    request.bodyFaults = faults
    request.batch = elements
    return value
  }
  const { value, faults } = readJson(bytes)
  request.bodyFaults = faults
  return value
}

/** Takes JSON alone, uncompressed, and notes what of it could not be kept; the validation reports that. */
export function registerJsonBody(app: FastifyInstance): void {
  app.decorateRequest('bodyFaults')
  app.decorateRequest('batch')
  app.addHook('onRequest', (request, _reply, done) => {
    request.bodyFaults = []
    const { headers } = request.raw
    // Where there is no body, its type means nothing: clients that always send one are not to be refused.
    if (hasNoBody(request)) delete headers['content-type']
    // Fastify would refuse a malformed type before it is known whether there is a body.
    else if (!JSON_TYPE.test(headers['content-type'] ?? '')) headers['content-type'] = OTHER_TYPE
    done()
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, bytes: Buffer) => parseJson(request, bytes),
  )
  // A chunked body may turn out to be empty, whatever type it claims.
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: FastifyRequest, bytes: Buffer) => {
    if (bytes.length > 0) throw unsupportedMediaType('Bodies are taken as Content-Type: application/json.')
  })
}
