import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

type Item = Record<string, { S?: string }>
interface Input {
  Item?: Item
  Key?: Item
  RequestItems?: Record<string, { Keys: Item[] }>
}

const nameOf = ({ pk, sk }: Item) => `${pk?.S ?? ''} ${sk?.S ?? ''}`

/** Takes puts, gives them back, and agrees to every update: a store that costs next to nothing. */
function answer(items: Map<string, Item>, operation: string, input: Input): object {
  const { Item: item, Key: key = {}, RequestItems: asked } = input
  if (operation === 'BatchGetItem' && asked) {
    const found = Object.entries(asked).map(([table, { Keys }]) => [
      table,
      Keys.flatMap((one) => items.get(nameOf(one)) ?? []),
    ])
    return { Responses: Object.fromEntries(found) as object, UnprocessedKeys: {} }
  }
  if (operation === 'PutItem' && item) {
    items.set(nameOf(item), item)
    return {}
  }
  if (operation === 'UpdateItem') return { Attributes: { event_type: { S: 'order.created' } } }
  const found = items.get(nameOf(key))
  return operation === 'GetItem' && found ? { Item: found } : {}
}

export interface NullDynamoDB {
  endpoint: string
  stop(): void
}

/** A DynamoDB for benchmarks of what stands before it: an emulator would take most of the machine. */
export async function startNullDynamoDB(): Promise<NullDynamoDB> {
  const items = new Map<string, Item>()
  const server = createServer((request, response) => {
    const operation = String(request.headers['x-amz-target']).split('.')[1] ?? ''
    void json(request).then((input) => {
      response.setHeader('content-type', 'application/x-amz-json-1.0')
      response.end(JSON.stringify(answer(items, operation, input as Input)))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
