import { stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { findEntry, isFileNotFound, type Manifest, readManifest } from './package-manifest.js'

/** An installed package with its entry file. */
export interface PluginPackage {
  readonly name: string
  readonly version: string
  /** The file URL of the entry; `undefined` if the package has none for `import`. */
  readonly entry: string | undefined
}

/**
 * Finds a package by its name, a folder or a file, relative to the file URL `from`; `undefined` if there is none.
 *
 * Names are searched in the same `node_modules` folders as by Node. Throws for a package that cannot be read.
 */
export async function findPluginPackage(specifier: string, from: string): Promise<PluginPackage | undefined> {
  if (!isPath(specifier)) return findByName(specifier, from)
  const path = toPath(specifier, from)
  const kind = await stat(path).catch((error: unknown) => {
    if (!isFileNotFound(error)) throw error
  })
  if (kind === undefined) return undefined
  if (!kind.isDirectory()) return toPackage(path, path, await findManifest(dirname(path)))
  const found = await readPackage(path)
  if (found === undefined) throw new Error(`the folder ${path} has no package.json`)
  return found
}

/** `import.meta.resolve` accepts no parent on Node 20, and `require.resolve` ignores the condition `import`. */
async function findByName(name: string, from: string): Promise<PluginPackage | undefined> {
  if (!packageName.test(name)) throw new Error(`"${name}" is neither the name of a package nor a path`)
  for (const modules of createRequire(from).resolve.paths(name) ?? []) {
    const found = await readPackage(join(modules, name))
    if (found !== undefined) return found
  }
  return undefined
}

async function readPackage(folder: string): Promise<PluginPackage | undefined> {
  const manifest = await readManifest(folder)
  return manifest === undefined ? undefined : toPackage(folder, await findEntry(folder, manifest), manifest)
}

function toPackage(place: string, entry: string | undefined, manifest: Manifest | undefined): PluginPackage {
  const { name = place, version = 'unknown version' } = manifest ?? {}
  return { name, version, entry: entry === undefined ? undefined : pathToFileURL(entry).href }
}

async function findManifest(folder: string): Promise<Manifest | undefined> {
  const manifest = await readManifest(folder)
  return manifest !== undefined || dirname(folder) === folder ? manifest : findManifest(dirname(folder))
}

function isPath(specifier: string): boolean {
  return /^(\.{1,2}$|\.{0,2}[/\\]|file:|[A-Za-z]:[/\\])/.test(specifier)
}

/** Resolves a path, not a URL, since `#`, `?` and `%` may be parts of file names. */
function toPath(specifier: string, from: string): string {
  if (specifier.startsWith('file:')) return fileURLToPath(specifier)
  return resolve(fileURLToPath(new URL('.', from)), specifier)
}

// A name without a path inside the package, since the plugin is an export of the package itself.
const packageName = /^(@[A-Za-z0-9~-][\w.~-]*\/)?[A-Za-z0-9~-][\w.~-]*$/
