import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto'
import type { Endpoint } from './endpoint.ts'

/** Of the SDK's credential providers. */
export interface Credentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
}

/** Whoever the request goes to reads these, and the signature covers each of them. */
const CONTENT_TYPE = 'application/x-amz-json-1.0'
const TARGET_PREFIX = 'DynamoDB_20120810.'

const sha256 = (text: string) => hash('sha256', text, 'hex')
const hmac = (key: Buffer | string, text: string): Buffer | string =>
  createHmac('sha256', key).update(text).digest()

/** @returns `20261123T172200Z`, as AWS writes times. */
function toAmzDate(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '')
}

/** What of a signature depends on the time. */
interface Moment {
  amzDate: string
  scope: string
  /** As an object: made from bytes for each request, it costs more than the rest of the signature. */
  signingKey: KeyObject
}

function createSigningKey(day: string, region: string, secretAccessKey: string): KeyObject {
  const start: Buffer | string = `AWS4${secretAccessKey}`
  return createSecretKey([day, region, 'dynamodb', 'aws4_request'].reduce(hmac, start) as Buffer)
}

/** The key that signs holds for a day, and the time for a second: each is made once. */
function createMoments(region: string, secretAccessKey: string): (nowMs: number) => Moment {
  let second: number | undefined
  let moment: Moment | undefined
  return (nowMs) => {
    if (moment && Math.floor(nowMs / 1000) === second) return moment
    second = Math.floor(nowMs / 1000)
    const amzDate = toAmzDate(nowMs)
    const day = amzDate.slice(0, 8)
    if (moment?.scope.startsWith(day)) return (moment = { ...moment, amzDate })
    const scope = `${day}/${region}/dynamodb/aws4_request`
    return (moment = { amzDate, scope, signingKey: createSigningKey(day, region, secretAccessKey) })
  }
}

/** Signs with one set of credentials for one endpoint. */
export interface Signer {
  /** @returns The headers of a signed request, as name, value, name, value. */
  sign(operation: string, body: string, nowMs: number): string[]
}

/**
 * Signature Version 4 for requests that are all alike: `POST`, one path, the same headers, a body of JSON.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function createSigner({ host, path, region }: Endpoint, credentials: Credentials): Signer {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  const canonicalPath = encodeURIComponent(path).replaceAll('%2F', '/')
  // None where it is empty, such as in a profile.
  const tokenLine = sessionToken ? `x-amz-security-token:${sessionToken}\n` : ''
  const tokenHeader = sessionToken ? ['x-amz-security-token', sessionToken] : []
  const signed = `content-type;host;x-amz-date${sessionToken ? ';x-amz-security-token' : ''};x-amz-target`
  const moments = createMoments(region, secretAccessKey)

  return {
    sign(operation, body, nowMs) {
      const { amzDate, scope, signingKey } = moments(nowMs)
      const target = TARGET_PREFIX + operation
      const canonical =
        `POST\n${canonicalPath}\n\ncontent-type:${CONTENT_TYPE}\nhost:${host}\nx-amz-date:${amzDate}\n` +
        `${tokenLine}x-amz-target:${target}\n\n${signed}\n${sha256(body)}`
      const toSign = `AWS4-HMAC-SHA256\n${amzDate}\n${scope}\n${sha256(canonical)}`
      const signature = createHmac('sha256', signingKey).update(toSign).digest('hex')
      return [
        'host',
        host,
        'content-type',
        CONTENT_TYPE,
        'x-amz-date',
        amzDate,
        ...tokenHeader,
        'x-amz-target',
        target,
        'authorization',
        `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`,
      ]
    },
  }
}
