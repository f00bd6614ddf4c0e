import {
  context,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Span,
  type Tracer,
} from '@opentelemetry/api'

export interface CallSpanOptions {
  /** Such as `DynamoDB`. */
  service: string
  tracer: Tracer | undefined
  /** What a call's input and output add to its span; never items, keys or values of them. */
  describe?: (input: object, output?: object) => Attributes
}

interface AnswerMetadata {
  requestId?: string | undefined
  httpStatusCode?: number | undefined
  attempts?: number | undefined
}

/** @returns The span of a call to AWS; undefined where none is wanted. */
export function startCallSpan(
  operation: string,
  input: object,
  { service, tracer, describe }: CallSpanOptions,
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

function addAnswer(span: Span, metadata: AnswerMetadata = {}): void {
  const { requestId, httpStatusCode, attempts = 1 } = metadata
  if (requestId !== undefined) span.setAttribute('aws.request_id', requestId)
  if (httpStatusCode !== undefined) span.setAttribute('http.response.status_code', httpStatusCode)
  if (attempts > 1) span.setAttribute('http.request.resend_count', attempts - 1)
}

/** A failed condition is how stores ask, and no error of the call. */
const EXPECTED = 'ConditionalCheckFailedException'

function addFailure(span: Span, error: unknown): void {
  const { name = 'Error', $metadata } = error as { name?: string; $metadata?: AnswerMetadata }
  addAnswer(span, $metadata)
  span.setAttribute('error.type', name)
  if (name === EXPECTED) return
  // Not the error itself: those of AWS may quote what was sent.
  span.recordException({ name, message: name })
  span.setStatus({ code: SpanStatusCode.ERROR, message: name })
}

/** Runs a call in its span, and ends the span with what became of it. */
export async function inCallSpan<Result>(
  span: Span,
  call: () => Promise<Result>,
  outputOf: (result: Result) => object,
  describe: CallSpanOptions['describe'],
): Promise<Result> {
  try {
    const result = await context.with(trace.setSpan(context.active(), span), call)
    const output = outputOf(result) as { $metadata?: AnswerMetadata }
    addAnswer(span, output.$metadata)
    if (describe) span.setAttributes(describe({}, output))
    return result
  } catch (error) {
    addFailure(span, error)
    throw error
  } finally {
    span.end()
  }
}
