import { DynamoDBClient, GetItemCommand, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import type { FinalizeHandlerArguments } from '@smithy/types'
import t, { type Test } from 'tap'
import { findEndpoint } from '../../../src/dynamodb/wire/endpoint.ts'
import { createSigner } from '../../../src/dynamodb/wire/signature.ts'

const CREDENTIALS = { accessKeyId: 'a', secretAccessKey: 'b' }

interface Case {
  config: DynamoDBClientConfig
  environment?: Record<string, string>
}

const CASES: Record<string, Case> = {
  'a region': { config: { region: 'eu-west-1' } },
  'a region of another partition': { config: { region: 'cn-north-1' } },
  FIPS: { config: { region: 'us-east-1', useFipsEndpoint: true } },
  'a region of FIPS': { config: { region: 'fips-us-east-1' } },
  'dual stack': { config: { region: 'us-east-1', useDualstackEndpoint: true } },
  'an account of its own': {
    config: { region: 'us-east-1', credentials: { ...CREDENTIALS, accountId: '123456789012' } },
  },
  'an endpoint': { config: { region: 'local', endpoint: 'http://127.0.0.1:8000' } },
  'an endpoint with the usual port': { config: { region: 'local', endpoint: 'https://proxy:443/' } },
  'an endpoint with a path': { config: { region: 'us-east-1', endpoint: 'http://proxy:1/a/b' } },
  'the region `local`': { config: { region: 'local' } },
  AWS_REGION: { config: {}, environment: { AWS_REGION: 'eu-north-1' } },
  AWS_USE_FIPS_ENDPOINT: { config: { region: 'us-east-1' }, environment: { AWS_USE_FIPS_ENDPOINT: 'true' } },
  AWS_USE_DUALSTACK_ENDPOINT: {
    config: { region: 'us-east-1' },
    environment: { AWS_USE_DUALSTACK_ENDPOINT: 'true' },
  },
  AWS_ENDPOINT_URL: {
    config: { region: 'us-east-1' },
    environment: { AWS_ENDPOINT_URL: 'http://localhost:4566' },
  },
  AWS_ENDPOINT_URL_DYNAMODB: {
    config: { region: 'us-east-1' },
    environment: { AWS_ENDPOINT_URL: 'http://other', AWS_ENDPOINT_URL_DYNAMODB: 'http://localhost:1/x' },
  },
}

function setEnvironment(t: Test, environment: Record<string, string>): void {
  const before = { ...process.env }
  Object.assign(process.env, environment)
  t.teardown(() => {
    process.env = before
  })
}

const scopeIn = (authorization = '') => /Credential=(\S+),/.exec(authorization)?.[1]

/** Where the SDK itself would send a request, and for what it signs it. */
async function targetOfSdk(client: DynamoDBClient) {
  const sent: FinalizeHandlerArguments<object>[] = []
  client.middlewareStack.add(
    () => async (args) => {
      sent.push(args)
      throw new Error('Not sent')
    },
    { step: 'finalizeRequest', priority: 'low' },
  )
  await client.send(new GetItemCommand({ TableName: 't', Key: { pk: { S: 'p' } } })).catch(() => undefined)
  const { protocol, path, headers } = sent[0]?.request as {
    protocol: string
    path: string
    headers: Record<string, string>
  }
  return { protocol, path, host: headers['host'], scope: scopeIn(headers['authorization']) }
}

for (const [name, { config, environment = {} }] of Object.entries(CASES)) {
  t.test(`${name}: requests go where the SDK sends them, signed for the same`, async (t) => {
    setEnvironment(t, environment)
    const open = () => new DynamoDBClient({ credentials: CREDENTIALS, ...config })
    const endpoint = await findEndpoint(open())
    const headers = createSigner(endpoint, CREDENTIALS).sign('GetItem', '{}', Date.now())
    const target = {
      protocol: new URL(endpoint.origin).protocol,
      path: endpoint.path,
      host: endpoint.host,
      scope: scopeIn(headers.at(-1)),
    }
    t.strictSame(target, await targetOfSdk(open()))
    t.equal(new URL(endpoint.origin).host, endpoint.host)
  })
}
