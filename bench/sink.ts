/** Stands for CloudWatch and for a collector of traces: takes everything, and tells at `GET /` how many calls there were. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const calls: Record<string, number> = {}

const server = createServer((request, response) => {
  const { url = '', method } = request
  request.resume().once('end', () => {
    response.setHeader('content-type', 'application/json')
    if (method === 'GET') response.end(JSON.stringify(calls))
    else {
      calls[url] = (calls[url] ?? 0) + 1
      response.end('{}')
    }
  })
})
server.listen(0, '127.0.0.1', () => {
  console.log(`listening at http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
