import {
  context,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Span,
  type Tracer,
} from '@opentelemetry/api'
import { isThrottlingError } from '@smithy/core/retry'
import type {
  FinalizeHandler,
  FinalizeHandlerArguments,
  MetadataBearer,
  MiddlewareStack,
} from '@smithy/types'

/** A client of the AWS SDK, of whatever service. */
interface AwsClient {
  middlewareStack: unknown
}

export interface ObserveOptions {
  /** Such as `DynamoDB`. */
  service: string
  tracer: Tracer | undefined
  /** Told of every call at its end, all of its attempts together. */
  onCall?: (operation: string, durationMs: number) => void
  /** Told of every attempt that was refused because there were too many. */
  onThrottle?: () => void
  /** What a call's input and output add to its span; never items, keys or values of them. */
  describe?: (input: object, output?: object) => Attributes
}

interface CallFailure {
  name?: string
  $metadata?: MetadataBearer['$metadata']
}

function startSpan(
  operation: string,
  input: object,
  { service, tracer, describe }: ObserveOptions,
): Span | undefined {
  // No span but below one that is kept: what the sampler dropped costs nothing here.
  if (!tracer || !trace.getActiveSpan()?.isRecording()) return undefined
  return tracer.startSpan(`${service}.${operation}`, {
    kind: SpanKind.CLIENT,
    attributes: {
      'rpc.system': 'aws-api',
      'rpc.service': service,
      'rpc.method': operation,
      // X-Ray's names: https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/exporter/awsxrayexporter
      'aws.service': service,
      'aws.operation': operation,
      ...describe?.(input),
    },
  })
}

function addAnswer(span: Span, metadata: MetadataBearer['$metadata'] = {}): void {
  const { requestId, httpStatusCode, attempts = 1 } = metadata
  if (requestId !== undefined) span.setAttribute('aws.request_id', requestId)
  if (httpStatusCode !== undefined) span.setAttribute('http.response.status_code', httpStatusCode)
  if (attempts > 1) span.setAttribute('http.request.resend_count', attempts - 1)
}

/** A failed condition is how stores ask, and no error of the call. */
const EXPECTED = 'ConditionalCheckFailedException'

function addFailure(span: Span, error: unknown): void {
  const { name = 'Error', $metadata } = error as CallFailure
  addAnswer(span, $metadata)
  span.setAttribute('error.type', name)
  if (name === EXPECTED) return
  // Not the error itself: those of AWS may quote what was sent.
  span.recordException({ name, message: name })
  span.setStatus({ code: SpanStatusCode.ERROR, message: name })
}

function addServer(request: unknown): void {
  const { hostname, port } = request as { hostname?: string; port?: number }
  if (hostname === undefined) return
  trace
    .getActiveSpan()
    ?.setAttributes({ 'server.address': hostname, ...(port === undefined ? {} : { 'server.port': port }) })
}

async function traced<Output extends { output: MetadataBearer }>(
  span: Span,
  call: () => Promise<Output>,
  describe: ObserveOptions['describe'],
): Promise<Output> {
  try {
    const result = await context.with(trace.setSpan(context.active(), span), call)
    addAnswer(span, result.output.$metadata)
    if (describe) span.setAttributes(describe({}, result.output))
    return result
  } catch (error) {
    addFailure(span, error)
    throw error
  } finally {
    span.end()
  }
}

/**
 * Watches every call of a client: a span below that of the request, how long it took, and how often it was throttled.
 * It stands in the SDK's own middleware stack; nothing is patched.
 */
export function observeClient(client: AwsClient, options: ObserveOptions): void {
  const { service, tracer, onCall, onThrottle, describe } = options
  const stack = client.middlewareStack as MiddlewareStack<object, MetadataBearer>

  stack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const operation = commandName.replace(/Command$/, '')
        const startedAt = performance.now()
        const span = startSpan(operation, args.input, options)
        try {
          return await (span ? traced(span, () => next(args), describe) : next(args))
        } finally {
          onCall?.(operation, performance.now() - startedAt)
        }
      },
    { step: 'initialize', priority: 'high', name: `observe${service}`, override: true },
  )

  stack.addRelativeTo(
    (next: FinalizeHandler<object, MetadataBearer>) => async (args: FinalizeHandlerArguments<object>) => {
      if (tracer) addServer(args.request)
      try {
        return await next(args)
      } catch (error) {
        if (isThrottlingError(error as Parameters<typeof isThrottlingError>[0])) onThrottle?.()
        throw error
      }
    },
    { relation: 'after', toMiddleware: 'retryMiddleware', name: `observe${service}Attempt`, override: true },
  )
}
