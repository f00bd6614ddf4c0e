/**
 * Checks what the project depends on: exact versions, a complete lock file, no unexpected code at installation, and
 * licences that allow the use. It reads package.json and package-lock.json alone, so it needs neither network nor
 * installed packages.
 */
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

export interface Manifest {
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  overrides?: Record<string, string | Record<string, string>>
  /** Which packages may run a script at installation, and which must not. */
  allowScripts?: Record<string, boolean>
}

export interface LockedPackage {
  version?: string
  license?: string
  integrity?: string
  dev?: boolean
  link?: boolean
  hasInstallScript?: boolean
}

/** Packages by their place, such as `node_modules/a/node_modules/b`; the project itself has the empty one. */
export type Lock = Record<string, LockedPackage>

/** Licences that ask for no more than to be named, wherever the package is used. */
const LICENCES = ['MIT', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'BlueOak-1.0.0']
/** Further ones of tools that are not part of what is deployed. */
const TOOL_LICENCES = [...LICENCES, 'CC0-1.0', 'CC-BY-3.0', 'Python-2.0', 'Zlib']
/** Packages whose manifest names no licence; it was read in their files. */
const LICENCES_READ: Record<string, string> = { 'jsonc-simple-parser': 'MIT' }

const EXACT = /^(npm:[^@]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/

const nameOf = (place: string) => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)

function versionFaults({ dependencies, devDependencies, overrides = {} }: Manifest): string[] {
  const overridden = Object.values(overrides).flatMap((value) =>
    typeof value === 'string' ? [] : Object.entries(value),
  )
  const direct = Object.entries(overrides).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )
  return [...Object.entries({ ...dependencies, ...devDependencies }), ...direct, ...overridden]
    .filter(([, version]) => !EXACT.test(version))
    .map(([name, version]) => `${name}: ${version} is no exact version`)
}

/** One of several licences is enough; all of several are needed. */
function isAllowed(licence: string, allowed: string[]): boolean {
  const terms = licence.replace(/^\((.*)\)$/, '$1')
  if (terms.includes(' AND ')) return terms.split(' AND ').every((term) => isAllowed(term, allowed))
  return terms.split(' OR ').some((term) => allowed.includes(term))
}

function packageFaults(place: string, locked: LockedPackage, { allowScripts = {} }: Manifest): string[] {
  const name = nameOf(place)
  const faults: string[] = []
  const licence = locked.license ?? LICENCES_READ[name]
  if (!locked.integrity) faults.push('has no integrity')
  if (locked.hasInstallScript && !(name in allowScripts))
    faults.push('has an install script that is not listed')
  if (licence === undefined) faults.push('names no licence')
  else if (!isAllowed(licence, locked.dev ? TOOL_LICENCES : LICENCES))
    faults.push(`has the licence ${licence}`)
  return faults.map((fault) => `${name}@${locked.version ?? '?'} ${fault}`)
}

/** @returns What is wrong, in words for people; nothing when all is well. */
export function dependencyFaults(manifest: Manifest, lock: Lock): string[] {
  const packages = Object.entries(lock).filter(([place, { link }]) => place !== '' && !link)
  const names = new Set(packages.map(([place]) => nameOf(place)))
  const unlocked = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
    .filter((name) => !names.has(name))
    .map((name) => `${name} is not in the lock file`)
  return [
    ...versionFaults(manifest),
    ...unlocked,
    ...packages.flatMap(([place, locked]) => packageFaults(place, locked, manifest)),
  ]
}

function main(): void {
  const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as unknown
  const { packages } = read('package-lock.json') as { packages: Lock }
  const faults = dependencyFaults(read('package.json') as Manifest, packages)
  for (const fault of faults) console.error(fault)
  if (faults.length === 0) console.log(`${Object.keys(packages).length - 1} packages are as they must be`)
  process.exitCode = faults.length === 0 ? 0 : 1
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main()
