import { readFileSync } from 'node:fs'

/** This kit, as its own package.json names it; in a bundle, which has none, the version is not known. */
export const kitPackage: { readonly packageName: string; readonly packageVersion: string } = {
  packageName: '@capstan/conformance',
  packageVersion: readKitVersion(),
}

function readKitVersion(): string {
  try {
    const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
    const { name, version }: { name?: unknown; version?: unknown } = JSON.parse(text)
    return name === '@capstan/conformance' ? String(version) : 'unknown version'
  } catch {
    return 'unknown version'
  }
}
