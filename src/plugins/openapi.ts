import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import type { OpenAPIV3, OpenAPIV3_1 } from 'openapi-types'
import { COMPONENTS } from '../schemas/components.ts'

const DESCRIPTION = `An open event inbox. Producers post events, a consumer polls the inbox, handles what it finds and
acknowledges each event. **201 means durable**; every event is offered until it is acknowledged or failed.

Errors have one shape everywhere; \`error\` is stable, \`details\` lists every field at fault. Repeat a request that ended
in a 5xx or a cut connection with the same \`Idempotency-Key\`: at most one event results.`

type Document = Partial<OpenAPIV3.Document | OpenAPIV3_1.Document>

/** What may be null, by the references that bodies have to it. */
const OPTIONAL_BODIES = new Set(
  (COMPONENTS as { $id?: string; type?: unknown }[])
    .filter(({ type }) => Array.isArray(type))
    .map(({ $id = '' }) => `#/components/schemas/${$id}`),
)

/** The generator calls every body required; those that may be null may as well be left out. */
function withOptionalBodies(document: Document): Document {
  for (const path of Object.values(document.paths ?? {})) {
    const body = path?.post?.requestBody
    if (!body || !('content' in body)) continue
    const { $ref } = body.content['application/json']?.schema as { $ref: string }
    if (OPTIONAL_BODIES.has($ref)) body.required = false
  }
  return document
}

const RATE_LIMIT_HEADERS = {
  RateLimit: {
    schema: { type: 'string' },
    description:
      'What is left of the rate limit of the key, and in how many seconds it is whole again; draft-ietf-httpapi-ratelimit-headers-10. ' +
      'Absent where there is no limit, or no key was looked at.',
    example: '"key";r=1999;t=1',
  },
  'RateLimit-Policy': {
    schema: { type: 'string' },
    description: 'The rate limit of the key: so many requests (`q`) in so many seconds (`w`).',
    example: '"key";q=2000;w=2',
  },
} as const

/** Whatever is asked with a key may be limited, so every answer may tell of it; but for 401, which is about no key. */
function withRateLimits(document: Document): Document {
  for (const path of Object.values(document.paths ?? {})) {
    for (const operation of [path?.get, path?.post]) {
      if (!operation?.security?.length) continue
      for (const [status, response] of Object.entries(operation.responses)) {
        if (status !== '401' && 'description' in response) {
          response.headers = { ...response.headers, ...RATE_LIMIT_HEADERS }
        }
      }
    }
  }
  return document
}

/** Of the page at `/docs`: all that it needs is its own, and one style that its script puts in, known by its hash. */
const DOCS_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Generates the OpenAPI document from the schemas of the routes, and shows it at `/docs`. */
export async function registerOpenApi(app: FastifyInstance): Promise<void> {
  for (const schema of COMPONENTS) app.addSchema(schema)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Triggers API',
        version: '1.0.0',
        description: DESCRIPTION,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/', description: 'This deployment' }],
      tags: [
        { name: 'events', description: 'Accept events and look at them.' },
        { name: 'inbox', description: 'Find what is to be delivered, and acknowledge it.' },
        { name: 'queue', description: 'Share the inbox among consumers: claim, reject, redrive.' },
        { name: 'service', description: 'Health and figures of the process, and this document.' },
      ],
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'bearer', description: 'An API key: `trg_<key id>_<secret>`.' },
        },
      },
    },
    transformObject: (document) =>
      'openapiObject' in document ? withRateLimits(withOptionalBodies(document.openapiObject)) : {},
    refResolver: {
      buildLocalReference: (json, _base, _fragment, index) =>
        typeof json['$id'] === 'string' ? json['$id'] : `schema-${index}`,
    },
  })
  // Without `validatorUrl: null` the page would show the document's address to a service elsewhere.
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_POLICY,
    uiConfig: { validatorUrl: null },
  })
}
