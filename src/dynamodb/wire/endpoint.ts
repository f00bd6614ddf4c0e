import { GetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { getEndpointFromInstructions } from '@smithy/core/endpoints'

/** Where requests go, and the region they are signed for. */
export interface Endpoint {
  /** Scheme, host and port. */
  origin: string
  /** As the `Host` header has it. */
  host: string
  /** Of a proxy in between, with a slash at its end; that of AWS is `/`. */
  path: string
  region: string
}

interface AuthScheme {
  signingRegion?: string
}

/** Asks the SDK's own rules, so that regions, FIPS, dual stack and configured endpoints mean what they always mean. */
export async function findEndpoint({ config }: DynamoDBClient): Promise<Endpoint> {
  const { url, properties } = await getEndpointFromInstructions({}, GetItemCommand, config)
  const [scheme] = (properties?.['authSchemes'] ?? []) as AuthScheme[]
  return {
    origin: url.origin,
    host: url.host,
    path: url.pathname.replace(/\/?$/, '/'),
    region: scheme?.signingRegion ?? (await config.region()),
  }
}
