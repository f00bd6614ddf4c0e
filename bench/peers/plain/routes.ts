import type { FastifyPluginAsync, FastifyReply } from 'fastify'
import { randomUUID } from 'node:crypto'
import { createCandidates } from '../candidates.ts'
import { CANDIDATES_READ } from '../expressions.ts'
import { ulidOf } from '../ids.ts'
import { toEvent, toSummary, type Item } from './events.ts'
import * as schemas from './schemas.ts'
import * as store from './store.ts'

interface Page {
  limit: number
  cursor?: string
}

const candidates = createCandidates((tenant) => store.readInbox(tenant, CANDIDATES_READ))

function link(reply: FastifyReply, path: string, limit: number, cursor: string): void {
  reply
    .header('link', `<${path}?limit=${limit}&cursor=${cursor}>; rel="next"`)
    .header('x-next-cursor', cursor)
}

const notFound = { error: 'not_found', message: 'There is no such event.' }

/** Accepting events and looking at them. */
const eventRoutes: FastifyPluginAsync = async (app) => {
  app.post<{ Body: store.NewEvent }>('/events', { schema: schemas.create }, async (request, reply) => {
    const event = toEvent(await store.putEvent(request.tenant, request.body))
    return reply.code(201).header('location', `/events/${event.event_id}`).send(event)
  })

  app.post<{ Body: { events: store.NewEvent[] } }>(
    '/events/batch',
    { schema: schemas.createBatch },
    async ({ tenant, body }) => {
      const items = await Promise.all(body.events.map((event) => store.putEvent(tenant, event)))
      return { results: items.map((item) => ({ status: 201, event: toEvent(item) })) }
    },
  )

  app.get<{ Params: { id: string } }>(
    '/events/:id',
    { schema: schemas.get },
    async ({ tenant, params }, reply) => {
      const item = await store.getEvent(tenant, ulidOf(params.id))
      return item ? toEvent(item) : reply.code(404).send(notFound)
    },
  )

  app.get<{ Querystring: Page }>('/events', { schema: schemas.list }, async ({ tenant, query }, reply) => {
    const { limit, cursor } = query
    const items = await store.listEvents(tenant, limit + 1, cursor)
    const page = items.slice(0, limit)
    if (items.length > limit) link(reply, '/events', limit, page.at(-1)?.sk ?? '')
    return page.map(toSummary)
  })
}

/** Finding what is to be delivered, and saying that it was handled. */
const inboxRoutes: FastifyPluginAsync = async (app) => {
  app.get<{ Querystring: Page }>('/inbox', { schema: schemas.inbox }, async ({ tenant, query }, reply) => {
    const { limit, cursor } = query
    const after = cursor === undefined ? undefined : Buffer.from(cursor, 'base64url').toString()
    const places = await store.readInbox(tenant, limit + 1, after)
    const page = places.slice(0, limit)
    if (places.length > limit) {
      link(reply, '/inbox', limit, Buffer.from(page.at(-1) ?? '').toString('base64url'))
    }
    return (await store.getEvents(tenant, page)).map(toEvent)
  })

  app.post<{ Body: { limit: number; lease_seconds: number } }>(
    '/inbox/claim',
    { schema: schemas.claim },
    async ({ tenant, body }) => {
      const lease = {
        id: `lease_${randomUUID().replaceAll('-', '')}`,
        expiresAt: Date.now() + body.lease_seconds * 1000,
      }
      const seen = await candidates.take(tenant, body.limit)
      const claimOne = async (place: string): Promise<Item> => {
        const item = await store.claim(tenant, place, lease)
        candidates.done(place)
        return item
      }
      const events = (await Promise.all(seen.map(claimOne))).map(toEvent)
      return { lease_id: lease.id, lease_expires_at: new Date(lease.expiresAt).toISOString(), events }
    },
  )

  app.post<{ Params: { id: string } }>('/events/:id/acknowledge', async ({ tenant, params }, reply) => {
    const isThere = await store.acknowledge(tenant, ulidOf(params.id))
    return isThere ? reply.code(204).send() : reply.code(404).send(notFound)
  })
}

export const routes: FastifyPluginAsync = async (app) => {
  await app.register(eventRoutes)
  await app.register(inboxRoutes)
}
