import { existsSync } from 'node:fs'
import { glob, readFile } from 'node:fs/promises'
import t from 'tap'
import { parse } from 'yaml'
import { Environment, readConfig } from '../../src/config.ts'

const ROOT = new URL('../../', import.meta.url)
const read = (path: string) => readFile(new URL(path, ROOT), 'utf8')

interface Instruction {
  name: string
  text: string
}

/** The stages of a Dockerfile, each from its FROM on. Knows comments and continued lines, not heredocs. */
function parseDockerfile(dockerfile: string): Instruction[][] {
  const lines = dockerfile
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.trimStart().startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
  const stages: Instruction[][] = []
  for (const line of lines) {
    const [, name = '', text = ''] = /^\s*(\w+)\s+(.*)$/.exec(line) ?? []
    if (name.toUpperCase() === 'FROM') stages.push([])
    stages.at(-1)?.push({ name: name.toUpperCase(), text })
  }
  return stages
}

/** The words of an instruction in exec form; undefined in shell form. */
function execForm(text: string): string[] | undefined {
  return text.startsWith('[') ? (JSON.parse(text) as string[]) : undefined
}

/** What a module imports when it runs: types are stripped. */
const IMPORT = /^(?:import|export) (?!type )(?:[\w\s{},*]+ from )?'([^']+)'/gm

interface ComposeService {
  build?: string
  command?: string[]
  environment: Record<string, string | number>
  depends_on: Record<string, { condition: string }>
  init: boolean
  read_only: boolean
  stop_grace_period: string
}

interface Manifest {
  scripts: Record<string, string>
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
}

interface Lock {
  packages: Record<string, { dev?: boolean; hasInstallScript?: boolean }>
}

const stages = parseDockerfile(await read('Dockerfile'))
const all = stages.flat()
const image = stages.at(-1) ?? []
const texts = (instructions: Instruction[], name: string) =>
  instructions.filter((instruction) => instruction.name === name).map(({ text }) => text)

const imageEnvironment = Object.fromEntries(
  texts(image, 'ENV')
    .flatMap((text) => text.split(/\s+/))
    .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
)
/** What the C library reads, and the service does not. */
const OF_THE_SYSTEM = ['MALLOC_ARENA_MAX']
const compose = parse(await read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, ComposeService>
}
const ownServices = Object.entries(compose.services).filter(([, { build }]) => build !== undefined)
const manifest = JSON.parse(await read('package.json')) as Manifest

t.test('The image', async (t) => {
  t.test('runs the Node that the tests run on, named exactly', (t) => {
    t.equal(stages.length, 2)
    for (const [from] of stages) {
      const [, tag] = /^(\S+)/.exec(from?.text ?? '') ?? []
      t.equal(tag, `node:${manifest.devDependencies['node'] ?? ''}-bookworm-slim`)
    }
    t.end()
  })

  t.test('is not root, and nothing happens after it became so', (t) => {
    const at = image.findIndex(({ name }) => name === 'USER')
    t.match(image[at]?.text, /^[1-9]\d*:[1-9]\d*$/)
    const after = image.slice(at + 1).map(({ name }) => name)
    t.strictSame(after, ['EXPOSE', 'HEALTHCHECK', 'CMD'])
    t.end()
  })

  t.test('starts Node itself, so that signals reach it', (t) => {
    const options = ['--max-semi-space-size=16', '--no-allocation-site-pretenuring']
    t.strictSame(texts(image, 'CMD').map(execForm), [['node', ...options, 'src/server.ts']])
    const start = manifest.scripts['start'] ?? ''
    t.ok(start.startsWith(`node ${options.join(' ')} `), 'as `npm start` does')
    t.strictSame(texts(image, 'ENTRYPOINT'), [])
    t.end()
  })

  t.test('keeps the memory small that its threads share', (t) => {
    t.equal(imageEnvironment['MALLOC_ARENA_MAX'], '2')
    t.end()
  })

  t.test('checks its health with Node alone', (t) => {
    const [check = ''] = texts(image, 'HEALTHCHECK')
    const command = execForm(check.slice(check.indexOf('CMD ') + 4))
    t.strictSame(command, ['node', 'src/cli/healthcheck.ts'])
    t.ok(existsSync(new URL(command?.[1] ?? '', ROOT)))
    t.end()
  })

  t.test('installs the locked dependencies and no others', (t) => {
    t.strictSame(texts(all, 'RUN'), ['npm ci --omit=dev --ignore-scripts'])
    t.end()
  })

  t.test('takes the sources alone', async (t) => {
    t.strictSame(texts(all, 'ADD'), [])
    t.strictSame(texts(all, 'COPY'), [
      'package.json package-lock.json .npmrc ./',
      '--from=dependencies /app/node_modules ./node_modules',
      'package.json ./',
      'src ./src',
    ])
    const context = (await read('.dockerignore')).trim().split('\n')
    t.strictSame(context, ['*', '!package.json', '!package-lock.json', '!.npmrc', '!src'])
  })

  t.test('carries no secret', async (t) => {
    t.strictSame(texts(all, 'ARG'), [])
    t.notMatch(Object.keys(imageEnvironment).join(' '), /secret|token|password|key/i)
    t.notMatch(await read('.npmrc'), /_auth|password/i)
  })
})

t.test('What the image leaves out is not missed', async (t) => {
  t.test('no dependency needs its install script', async (t) => {
    // It prints a warning about version ranges, and does nothing else.
    const harmless = ['node_modules/protobufjs']
    const { packages } = JSON.parse(await read('package-lock.json')) as Lock
    const scripted = Object.entries(packages)
      .filter(([, { dev, hasInstallScript }]) => hasInstallScript && !dev)
      .map(([path]) => path)
    t.strictSame(scripted, harmless)
  })

  t.test('no source imports a dev dependency, but for types', async (t) => {
    const foreign = new Set<string>()
    for await (const path of glob('src/**/*.ts', { cwd: ROOT })) {
      for (const [, name = ''] of (await read(path)).matchAll(IMPORT)) {
        const [packageName = ''] = /^(?:@[^/]+\/)?[^/]+/.exec(name) ?? []
        if (!name.startsWith('.') && !name.startsWith('node:')) foreign.add(packageName)
      }
    }
    t.ok(foreign.has('fastify'), 'imports are found')
    for (const name of foreign) t.hasOwnProp(manifest.dependencies, name)
  })
})

t.test('docker-compose.yml', (t) => {
  /** `${NAME:-default}` as compose reads it where nothing is set. */
  const withDefault = (value: string) => value.replace(/\$\{\w+:-(.*?)\}/g, '$1')
  const variables = (service: ComposeService | undefined) => ({
    ...imageEnvironment,
    ...Object.fromEntries(
      Object.entries(service?.environment ?? {}).map(([name, value]) => [name, withDefault(String(value))]),
    ),
  })

  t.test('knows the same variables as the configuration', (t) => {
    t.strictSame(
      ownServices.map(([name]) => name),
      ['api', 'migrate'],
    )
    for (const [, service] of ownServices) {
      const names = Object.keys(variables(service)).filter((name) => !OF_THE_SYSTEM.includes(name))
      for (const name of names) t.hasOwnProp(Environment.properties, name)
      t.equal(readConfig(variables(service)).storage.kind, 'dynamodb')
    }
    t.end()
  })

  t.test('starts the service once its table is there', (t) => {
    const { api, migrate } = compose.services
    t.equal(api?.depends_on['migrate']?.condition, 'service_completed_successfully')
    t.equal(migrate?.depends_on['dynamodb']?.condition, 'service_healthy')
    t.ok(existsSync(new URL(migrate?.command?.[1] ?? '', ROOT)))
    t.end()
  })

  t.test('runs the service as production should', (t) => {
    for (const [, { init, read_only }] of ownServices) t.ok(init && read_only)
    t.end()
  })

  t.test('waits for requests under way', (t) => {
    const { api } = compose.services
    const { settleMs, timeoutMs } = readConfig(variables(api)).shutdown
    t.ok(parseInt(api?.stop_grace_period ?? '') * 1000 > settleMs + timeoutMs)
    t.end()
  })
  t.end()
})
