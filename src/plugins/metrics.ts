import type { FastifyInstance } from 'fastify'
import type { Recorder } from '../metrics/recorder.ts'

export interface MetricsOptions {
  recorder: Recorder
}

export function countStatus(recorder: Recorder, status: number): void {
  recorder.count('Requests')
  if (status >= 500) recorder.count('ServerErrors')
  else if (status >= 400) recorder.count('ClientErrors')
}

/** Counts every request at its end and measures how long it took. */
export function registerMetrics(app: FastifyInstance, { recorder }: MetricsOptions): void {
  app.decorateRequest('isLongPoll', false)
  app.addHook('onResponse', (request, reply, done) => {
    const { route, isLongPoll } = request
    if (route.isWatched) {
      countStatus(recorder, reply.statusCode)
      if (!isLongPoll) recorder.observe('ApiLatency', reply.elapsedTime, route.name)
    }
    done()
  })
}
