import type { Test } from 'tap'
import { startHttpSink, type HttpSink } from './http-sink.ts'

/** A span as OTLP/JSON has it: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
export interface WireSpan {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  attributes: Record<string, unknown>
  status: { code?: number; message?: string }
  events: { name: string; attributes: Record<string, unknown> }[]
  resource: Record<string, unknown>
}

export const SERVER = 2
export const CLIENT = 3
export const ERROR = 2

interface WireValue {
  stringValue?: string
  intValue?: string | number
  doubleValue?: number
  boolValue?: boolean
  arrayValue?: { values?: WireValue[] }
}
type WireAttributes = { key: string; value: WireValue }[]
interface WireBody {
  resourceSpans: {
    resource: { attributes: WireAttributes }
    scopeSpans: {
      spans: (Omit<WireSpan, 'attributes' | 'events'> & {
        attributes?: WireAttributes
        events?: { name: string; attributes?: WireAttributes }[]
      })[]
    }[]
  }[]
}

function readValue(value: WireValue): unknown {
  if (value.arrayValue) return (value.arrayValue.values ?? []).map(readValue)
  if (value.intValue !== undefined) return Number(value.intValue)
  return value.stringValue ?? value.doubleValue ?? value.boolValue
}

function readAttributes(attributes: WireAttributes = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, readValue(value)]))
}

function readSpans(body: Buffer): WireSpan[] {
  const { resourceSpans } = JSON.parse(body.toString()) as WireBody
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans
      .flatMap(({ spans }) => spans)
      .map((span) => ({
        ...span,
        attributes: readAttributes(span.attributes),
        events: (span.events ?? []).map(({ name, attributes }) => ({
          name,
          attributes: readAttributes(attributes),
        })),
        resource: readAttributes(resource.attributes),
      })),
  )
}

export interface FakeCollector extends HttpSink {
  spans(): WireSpan[]
}

/** Receives what the service exports. */
export async function startFakeCollector(t: Test): Promise<FakeCollector> {
  const sink = await startHttpSink(t, '{}', 'application/json')
  return Object.assign(sink, {
    spans: () =>
      sink.received.filter(({ path }) => path === '/v1/traces').flatMap(({ body }) => readSpans(body)),
  })
}
