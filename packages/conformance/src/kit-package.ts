import { readFileSync } from 'node:fs'

/** This kit, as its own package.json names it. */
export const kitPackage: { readonly packageName: string; readonly packageVersion: string } = readKitPackage()

function readKitPackage() {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  const { name, version }: { name?: unknown; version?: unknown } = JSON.parse(text)
  return { packageName: String(name), packageVersion: String(version) }
}
