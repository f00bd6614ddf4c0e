import { existsSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'

interface RawCoverage {
  result: { url: string }[]
}

/**
 * The files below `sources` with code in them that no test loaded. V8 covers only what was loaded, so that a file which
 * no test knows of would not count as a shortfall.
 * @param coverage the folder of raw V8 coverage that tap leaves behind, unless coverage is turned off.
 */
export async function unloadedSources(sources: string, coverage: string): Promise<string[]> {
  if (!existsSync(coverage)) return []
  const loaded = await loadedUrls(coverage)
  const files = await filesIn(sources, '.ts')
  const unloaded = files.filter((file) => !loaded.has(pathToFileURL(file).href))
  const withCode = await Promise.all(unloaded.map(hasCode))
  return unloaded.filter((_, index) => withCode[index]).map((file) => relative('.', file))
}

async function loadedUrls(coverage: string): Promise<Set<string>> {
  const reports = await Promise.all((await filesIn(coverage, '.json')).map((file) => readFile(file, 'utf8')))
  return new Set(
    reports.flatMap((report) => (JSON.parse(report) as RawCoverage).result.map(({ url }) => url)),
  )
}

async function filesIn(folder: string, extension: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true })
  return names.filter((name) => name.endsWith(extension)).map((name) => join(folder, name))
}

/** A file of nothing but types is erased to an empty module and never loaded. */
async function hasCode(file: string): Promise<boolean> {
  const compilerOptions = { module: ts.ModuleKind.ESNext, removeComments: true, verbatimModuleSyntax: true }
  const { outputText } = ts.transpileModule(await readFile(file, 'utf8'), { compilerOptions })
  return outputText.trim() !== 'export {};'
}
