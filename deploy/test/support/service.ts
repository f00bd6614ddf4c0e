import { pino } from 'pino'
import { readFileSync } from 'node:fs'
import { buildApp } from '../../../src/app.ts'
import { createRecorder } from '../../../src/metrics/recorder.ts'
import { UNOBSERVED } from '../../../src/observability.ts'
import { only, type Template } from './synthesize.ts'

/** The service's own app over nothing, and what it recorded. */
export async function openApp() {
  const recorder = createRecorder(Date.now)
  const app = await buildApp({
    events: {} as Parameters<typeof buildApp>[0]['events'],
    authenticator: {} as Parameters<typeof buildApp>[0]['authenticator'],
    logger: pino({ level: 'silent' }),
    drain: { isDraining: false, isClosing: false },
    deadlineMs: 1_000,
    observability: { ...UNOBSERVED, recorder },
  })
  return { app, recorder }
}

interface Container {
  Name: string
  Image: unknown
  Command?: string[]
  Environment: { Name: string; Value: unknown }[]
  Secrets?: { Name: string; ValueFrom: unknown }[]
  HealthCheck?: { Command: string[] }
  [property: string]: unknown
}

export interface TaskDefinition {
  Cpu: string
  Memory: string
  RuntimePlatform: { CpuArchitecture: string }
  ContainerDefinitions: Container[]
}

export function containerOf(template: Template, definition: string, name: string): Container {
  const { ContainerDefinitions } = only<TaskDefinition>(template, 'AWS::ECS::TaskDefinition', definition)
  const container = ContainerDefinitions.find(({ Name }) => Name === name)
  if (!container) throw new Error(`There is no container ${name}`)
  return container
}

/** The image's own environment, off the Dockerfile. */
const IMAGE_ENVIRONMENT = Object.fromEntries(
  [...readFileSync(new URL('../../../Dockerfile', import.meta.url), 'utf8').matchAll(/^ENV (.*)$/gm)]
    .flatMap(([, pairs = '']) => pairs.split(' '))
    .map((pair) => pair.split('=') as [string, string]),
)

/** What the process sees. What CloudFormation fills in is a text that only has to be of the right form. */
export function environmentOf({ Environment, Secrets = [] }: Container): Record<string, string> {
  const given = Environment.map(({ Name, Value }): [string, string] => [
    Name,
    typeof Value === 'string' ? Value : 'filled-in',
  ])
  const secrets = Secrets.map(({ Name }): [string, string] => [Name, 'x'.repeat(48)])
  return { ...IMAGE_ENVIRONMENT, ...Object.fromEntries([...given, ...secrets]) }
}
