import { createHmac, hash } from 'node:crypto'

/** Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html */
export interface SigningOptions {
  accessKeyId: string
  secretAccessKey: string
  region: string
  service: string
}

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/**
 * Signs `POST /` requests. The signing key holds for a day, so it is derived once a day.
 *
 * @returns A function from the headers that are signed (lower case, in the order of their names, `x-amz-date` among
 *   them) and the body to the value of `authorization`.
 */
export function createSigner({ accessKeyId, secretAccessKey, region, service }: SigningOptions) {
  let day = ''
  let key = Buffer.alloc(0)

  function keyOf(today: string): Buffer {
    if (today !== day) {
      key = [region, service, 'aws4_request'].reduce(hmac, hmac(`AWS4${secretAccessKey}`, today))
      day = today
    }
    return key
  }

  return (headers: [name: string, value: string][], amzDate: string, body: string): string => {
    const today = amzDate.slice(0, 8)
    let canonical = 'POST\n/\n\n'
    let names = ''
    for (const [name, value] of headers) {
      canonical += `${name}:${value}\n`
      names += names === '' ? name : `;${name}`
    }
    canonical += `\n${names}\n${hash('sha256', body)}`
    const scope = `${today}/${region}/${service}/aws4_request`
    const text = `AWS4-HMAC-SHA256\n${amzDate}\n${scope}\n${hash('sha256', canonical)}`
    const signature = createHmac('sha256', keyOf(today)).update(text).digest('hex')
    return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`
  }
}

/** @returns The time as `20261123T093000Z`. */
export function amzDateOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
}
