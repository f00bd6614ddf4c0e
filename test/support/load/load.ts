import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { FlowResult, Plan } from './generator.ts'

/** Runs a plan in a process of its own. @returns What each flow saw, by its name. */
export async function runLoad(plan: Plan): Promise<Record<string, FlowResult>> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'generator.ts'), JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close') as Promise<[number | null]>
  const output = await text(child.stdout)
  const [code] = await closed
  if (code !== 0) throw new Error(`The load generator ended with ${code ?? 'a signal'}`)
  const results = JSON.parse(output) as FlowResult[]
  return Object.fromEntries(results.map((result) => [result.name, result]))
}

/** The text of a request, as a flow takes it. */
export function requestText(method: string, path: string, token: string, body?: object): string {
  const json = body === undefined ? '' : JSON.stringify(body)
  const head = [`${method} ${path} HTTP/1.1`, 'Host: load', `Authorization: Bearer ${token}`]
  if (body !== undefined) head.push('Content-Type: application/json', `Content-Length: ${json.length}`)
  return `${head.join('\r\n')}\r\n\r\n${json}`
}
