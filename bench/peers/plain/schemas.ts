/** Schemas as Fastify's documentation shows them: https://fastify.dev/docs/latest/Reference/Validation-and-Serialization/ */

const text = { type: 'string' }
const nullableText = { type: ['string', 'null'] }
const anyObject = { type: 'object', additionalProperties: true }
const nullableObject = { type: ['object', 'null'], additionalProperties: true }

const summary = {
  type: 'object',
  properties: {
    event_id: text,
    event_type: text,
    status: text,
    created_at: text,
    delivered_at: nullableText,
    failed_at: nullableText,
  },
}

const event = {
  type: 'object',
  properties: {
    ...summary.properties,
    delivery_attempts: { type: 'integer' },
    available_at: nullableText,
    lease_expires_at: nullableText,
    last_failure_reason: nullableText,
    payload: anyObject,
    metadata: nullableObject,
  },
}

const newEvent = {
  type: 'object',
  required: ['event_type', 'payload'],
  properties: { event_type: text, payload: anyObject, metadata: nullableObject },
}

const page = (limit: number) => ({
  type: 'object',
  properties: { limit: { type: 'integer', minimum: 1, maximum: 100, default: limit }, cursor: text },
})

export const create = { body: newEvent, response: { 201: event } }

export const createBatch = {
  body: { type: 'object', required: ['events'], properties: { events: { type: 'array', items: newEvent } } },
  response: {
    200: {
      type: 'object',
      properties: {
        results: {
          type: 'array',
          items: { type: 'object', properties: { status: { type: 'integer' }, event } },
        },
      },
    },
  },
}

export const get = { response: { 200: event } }

export const list = { querystring: page(50), response: { 200: { type: 'array', items: summary } } }

export const inbox = { querystring: page(100), response: { 200: { type: 'array', items: event } } }

export const claim = {
  body: { type: 'object', properties: { limit: { type: 'integer' }, lease_seconds: { type: 'integer' } } },
  response: {
    200: {
      type: 'object',
      properties: { lease_id: text, lease_expires_at: text, events: { type: 'array', items: event } },
    },
  },
}
