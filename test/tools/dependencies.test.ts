import { readFileSync } from 'node:fs'
import t from 'tap'
import { dependencyFaults, type Lock, type LockedPackage, type Manifest } from '../../tools/dependencies.ts'

const read = (file: string) =>
  JSON.parse(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')) as unknown

const good: LockedPackage = { version: '1.0.0', license: 'MIT', integrity: 'sha512-x' }
const faultsOf = (change: LockedPackage, manifest: Manifest = {}) =>
  dependencyFaults(manifest, { '': {}, 'node_modules/a/node_modules/@b/c': { ...good, ...change } })

t.test('what the project depends on is as it must be', async (t) => {
  const { packages } = read('package-lock.json') as { packages: Lock }
  t.ok(Object.keys(packages).length > 100)
  t.strictSame(dependencyFaults(read('package.json') as Manifest, packages), [])
})

t.test('a version that is not exact is a fault, wherever it stands', async (t) => {
  for (const version of ['^1.0.0', '~1.0.0', '1.0', '*', 'latest', '>=1.0.0', 'file:../a', 'npm:b@^1.0.0']) {
    const locked: Lock = { 'node_modules/a': good }
    const fault = [`a: ${version} is no exact version`]
    t.strictSame(dependencyFaults({ dependencies: { a: version } }, locked), fault)
    t.strictSame(dependencyFaults({ devDependencies: { a: version } }, locked), fault)
    t.strictSame(dependencyFaults({ overrides: { a: version } }, locked), fault)
    t.strictSame(dependencyFaults({ overrides: { b: { a: version } } }, locked), fault)
  }
  t.strictSame(dependencyFaults({ dependencies: { a: '1.0.0' } }, { '': {} }), ['a is not in the lock file'])
})

t.test('a package that runs code at installation must be listed, to run it or not to', async (t) => {
  const scripted = { hasInstallScript: true }
  t.strictSame(faultsOf(scripted), ['@b/c@1.0.0 has an install script that is not listed'])
  for (const isAllowed of [true, false])
    t.strictSame(faultsOf(scripted, { allowScripts: { '@b/c': isAllowed } }), [])
})

t.test('a package has an integrity and a licence that is allowed where it is used', async (t) => {
  t.strictSame(faultsOf({}), [])
  t.strictSame(dependencyFaults({}, { 'node_modules/a': { version: '1.0.0', license: 'MIT' } }), [
    'a@1.0.0 has no integrity',
  ])
  t.strictSame(faultsOf({ license: 'GPL-3.0' }), ['@b/c@1.0.0 has the licence GPL-3.0'])
  t.strictSame(faultsOf({ license: '(MIT AND GPL-3.0)' }), ['@b/c@1.0.0 has the licence (MIT AND GPL-3.0)'])
  t.strictSame(faultsOf({ license: '(GPL-3.0 OR MIT)' }), [])
  t.strictSame(faultsOf({ license: 'CC0-1.0' }), ['@b/c@1.0.0 has the licence CC0-1.0'])
  t.strictSame(faultsOf({ license: 'CC0-1.0', dev: true }), [])
  t.strictSame(dependencyFaults({}, { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-x' } }), [
    'a@1.0.0 names no licence',
  ])
})
