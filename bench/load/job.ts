/** One kind of request, as it goes to the load generator. */
export interface Load {
  method: 'GET' | 'POST'
  /** The paths, taken in turn. */
  paths: string[]
  headers: Record<string, string>
  body?: string | undefined
  /** Each path is taken once; the job ends when there are none left. */
  once?: boolean
  expectedStatus: number
  /** Less than this, head and body together, is not the answer that is measured. */
  leastBytes?: number
}

export interface Job extends Load {
  url: string
  connections: number
  warmUpMs: number
  measuredMs: number
  /** Whose CPU time is read, with that of their descendants. */
  server: number
  store: number
}

/** What was seen between the end of the warm-up and the end of the job. */
export interface Sample {
  requests: number
  seconds: number
  /** Latencies in ms. */
  p50: number
  p99: number
  /** CPU time of all threads, in ms. */
  serverCpuMs: number
  storeCpuMs: number
  /** Of the server, at the end. */
  rssMb: number
  /** Bytes of one answer, head included. */
  bytes: number
  /** Answers with another status, too short, or none at all. */
  unexpected: number
  /** Paths that were used, warm-up included. */
  used: number
}

/** What a request of the sample cost the server: CPU in µs, of all its threads. */
export const cpuUsOf = ({ serverCpuMs, requests }: Pick<Sample, 'serverCpuMs' | 'requests'>): number =>
  (1000 * serverCpuMs) / requests
