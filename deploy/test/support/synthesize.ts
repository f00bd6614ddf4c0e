import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp } from '../../src/app.ts'
import { readParameters } from '../../src/parameters.ts'
import { TriggersStack } from '../../src/stack.ts'

export interface Resource {
  Type: string
  Properties: Record<string, unknown>
  DeletionPolicy?: string
  UpdateReplacePolicy?: string
  DependsOn?: string[]
}

export interface Template {
  Resources: Record<string, Resource>
  Outputs: Record<string, { Value: unknown }>
}

export const EXAMPLE = JSON.parse(
  readFileSync(new URL('../../parameters.example.json', import.meta.url), 'utf8'),
) as Record<string, unknown>

const known = new Map<string, Template>()

/**
 * The template that operators with these parameters get; what is given lies over the example's. Throws with what
 * cdk-nag, or CDK's own validation, does not accept.
 */
export function synthesize(given: Record<string, unknown> = {}): Template {
  const key = JSON.stringify(given)
  const template = known.get(key) ?? synthesizeAnew(given)
  known.set(key, template)
  return template
}

/** @param change What is done to the stack before. */
export function synthesizeAnew(
  given: Record<string, unknown>,
  change?: (stack: TriggersStack) => void,
): Template {
  const outdir = mkdtempSync(join(tmpdir(), 'triggers-deploy-'))
  try {
    const app = createApp({ outdir })
    const stack = new TriggersStack(app, readParameters({ ...EXAMPLE, ...given }))
    change?.(stack)
    return app.synth().getStackArtifact(stack.artifactId).template as Template
  } finally {
    rmSync(outdir, { recursive: true })
  }
}

/** What there is of a type, by logical id. */
export function resourcesOf(template: Template, type: string): [string, Resource][] {
  return Object.entries(template.Resources).filter(([, resource]) => resource.Type === type)
}

/** The properties of the one resource of a type; its name begins as given where there are several. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller knows the type
export function only<Properties = Record<string, unknown>>(
  template: Template,
  type: string,
  begin = '',
): Properties {
  const found = resourcesOf(template, type).filter(([id]) => id.startsWith(begin))
  if (found.length !== 1 || !found[0]) throw new Error(`There are ${found.length} of ${type} ${begin}`)
  return found[0][1].Properties as Properties
}

/** The committed template, for the example's parameters. */
export const TEMPLATE_FILE = new URL('../../template.json', import.meta.url)

export function templateText(template: Template): string {
  return `${JSON.stringify(template, null, 1)}\n`
}
