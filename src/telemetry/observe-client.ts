import { trace } from '@opentelemetry/api'
import type {
  FinalizeHandler,
  FinalizeHandlerArguments,
  MetadataBearer,
  MiddlewareStack,
} from '@smithy/types'
import { inCallSpan, startCallSpan, type CallSpanOptions } from './call-span.ts'

/** A client of the AWS SDK, of whatever service. */
interface AwsClient {
  middlewareStack: unknown
}

function addServer(request: unknown): void {
  const { hostname, port } = request as { hostname?: string; port?: number }
  if (hostname === undefined) return
  trace
    .getActiveSpan()
    ?.setAttributes({ 'server.address': hostname, ...(port === undefined ? {} : { 'server.port': port }) })
}

/**
 * Traces every call of a client of the SDK, each in a span below that of what is under way. It stands in the SDK's own
 * middleware stack; nothing is patched.
 */
export function observeClient(client: AwsClient, options: CallSpanOptions): void {
  const { service, tracer, describe } = options
  if (!tracer) return
  const stack = client.middlewareStack as MiddlewareStack<object, MetadataBearer>

  stack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const span = startCallSpan(commandName.replace(/Command$/, ''), args.input, options)
        return span
          ? inCallSpan(
              span,
              () => next(args),
              ({ output }) => output,
              describe,
            )
          : next(args)
      },
    { step: 'initialize', priority: 'high', name: `observe${service}`, override: true },
  )

  stack.addRelativeTo(
    (next: FinalizeHandler<object, MetadataBearer>) => async (args: FinalizeHandlerArguments<object>) => {
      addServer(args.request)
      return next(args)
    },
    { relation: 'after', toMiddleware: 'retryMiddleware', name: `observe${service}Attempt`, override: true },
  )
}
