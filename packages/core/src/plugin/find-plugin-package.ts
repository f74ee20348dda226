import { readFile, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** An installed package and the file that its importers get. */
export interface PluginPackage {
  readonly name: string
  readonly version: string
  /** A file URL. */
  readonly entry: string
}

/** Finds a package by its name, a folder or a file, as seen from the file URL `from`; `undefined`: there is none. */
export async function findPluginPackage(specifier: string, from: string): Promise<PluginPackage | undefined> {
  if (!isPath(specifier)) return findByName(specifier, from)
  const path = fileURLToPath(new URL(toUrl(specifier), from))
  const kind = await stat(path).catch(() => undefined)
  if (kind === undefined) return undefined
  return kind.isDirectory() ? readPackage(path) : toPackage(path, await findManifest(dirname(path)))
}

/** `import.meta.resolve` takes no parent on Node 20, and `require.resolve` reads no `import` condition: so by hand. */
async function findByName(name: string, from: string): Promise<PluginPackage | undefined> {
  for (const modules of createRequire(from).resolve.paths(name) ?? []) {
    const found = await readPackage(join(modules, name))
    if (found !== undefined) return found
  }
  return undefined
}

async function readPackage(folder: string): Promise<PluginPackage | undefined> {
  const manifest = await readManifest(folder)
  if (manifest === undefined) return undefined
  const entry = resolveEntry(manifest.exports) ?? manifest.main ?? 'index.js'
  return toPackage(join(folder, entry), manifest)
}

function toPackage(path: string, manifest: Manifest | undefined): PluginPackage {
  const { name = path, version = 'unknown version' } = manifest ?? {}
  return { name, version, entry: pathToFileURL(path).href }
}

interface Manifest {
  readonly name?: string
  readonly version?: string
  readonly main?: string
  readonly exports?: unknown
}

async function findManifest(folder: string): Promise<Manifest | undefined> {
  const manifest = await readManifest(folder)
  return manifest !== undefined || dirname(folder) === folder ? manifest : findManifest(dirname(folder))
}

async function readManifest(folder: string): Promise<Manifest | undefined> {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : JSON.parse(text)
}

/** The entry `.` of an `exports` field, by the conditions of an import in Node. */
function resolveEntry(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports
  if (Array.isArray(exports)) return exports.map(resolveEntry).find((entry) => entry !== undefined)
  if (typeof exports !== 'object' || exports === null) return undefined
  if ('.' in exports) return resolveEntry(exports['.'])
  for (const [condition, target] of Object.entries(exports)) {
    const entry = conditions.has(condition) ? resolveEntry(target) : undefined
    if (entry !== undefined) return entry
  }
  return undefined
}

function isPath(specifier: string): boolean {
  return /^(\.{1,2}$|\.{0,2}[/\\]|file:|[A-Za-z]:[/\\])/.test(specifier)
}

function toUrl(specifier: string): string {
  if (specifier.startsWith('file:')) return specifier
  return specifier.startsWith('.') ? specifier.replaceAll('\\', '/') : pathToFileURL(specifier).href
}

const conditions: ReadonlySet<string> = new Set(['node', 'import', 'module-sync', 'default'])
