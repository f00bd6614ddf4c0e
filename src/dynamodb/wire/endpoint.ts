import { GetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { getEndpointFromInstructions } from '@smithy/core/endpoints'

/** Where requests go, and the region they are signed for. */
export interface Endpoint {
  /** Scheme, host and port. */
  origin: string
  /** As the `Host` header has it. */
  host: string
  region: string
}

/** Asks the SDK's own rules, so that regions, FIPS, dual stack and configured endpoints mean what they always mean. */
export async function findEndpoint({ config }: DynamoDBClient): Promise<Endpoint> {
  const { url } = await getEndpointFromInstructions({}, GetItemCommand, config)
  return { origin: url.origin, host: url.host, region: await config.region() }
}
