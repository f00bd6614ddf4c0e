import t from 'tap'
import { buildTestApp } from '../support/app.ts'
import { sendRaw } from '../support/raw-http.ts'

const API = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'strict-transport-security': 'max-age=31536000',
  'cache-control': 'no-store',
}

t.test(
  'every answer has the security headers and no banner, also one without a route or a request',
  async (t) => {
    const app = await buildTestApp(t)
    const port = await app.listen()
    const { producer } = app.acme
    const answers = [
      await app.inject({ url: '/health' }),
      await app.inject({ url: '/openapi.json' }),
      await app.inject({ url: '/events', headers: producer }),
      await app.inject({ url: '/inbox', headers: producer }),
      await app.inject({ url: '/events' }),
      await app.inject({ url: '/nothing' }),
      await app.inject({ method: 'DELETE', url: '/events' }),
      await app.inject({ url: '/events/%zz' }),
      await sendRaw(port, 'nonsense\r\n\r\n', { method: 'GET', url: '/' }),
    ]
    for (const { headers } of answers) {
      t.match(headers, API)
      for (const name of ['server', 'x-powered-by', 'via']) t.equal(headers[name], undefined, name)
    }
  },
)

t.test(
  'the documentation has a policy that lets nothing in but its own files, and needs no more',
  async (t) => {
    const app = await buildTestApp(t)
    const page = await app.inject({ url: '/docs' })
    t.equal(page.statusCode, 200)
    const policy = String(page.headers['content-security-policy'])
    t.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self' 'sha256-[^ ;]+'; /)
    t.notMatch(policy, /unsafe|https?:|\*/)
    t.equal(page.headers['x-content-type-options'], 'nosniff')
    t.notMatch(page.body, /<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=/, 'nothing inline')
    const files = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '')
    t.ok(files.length >= 5)
    for (const url of files) {
      t.ok(url.startsWith('/docs/static/'), url)
      const file = await app.inject({ url })
      t.equal(file.statusCode, 200, url)
      t.equal(file.headers['x-content-type-options'], 'nosniff')
      t.notMatch(file.headers['content-type'], /octet-stream/, url)
    }
    const start = await app.inject({ url: '/docs/static/swagger-initializer.js' })
    t.match(start.body, /"validatorUrl":null/, 'the document’s address is told to nobody')
  },
)
