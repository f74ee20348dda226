import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** An installed copy of this package. Copies differ in their location, which is not known in CommonJS bundles. */
export interface CoreCopy {
  readonly version: string
  readonly location: string
}

/** The copy that contains this file. */
export const thisCopy: CoreCopy = {
  location: findLocation(import.meta.url),
  // Read when needed, for an error message only.
  get version() {
    return readVersion()
  },
}

/** `import.meta.url` is `undefined` in a CommonJS bundle. */
function findLocation(url: string | undefined): string {
  return url === undefined ? 'a bundle' : fileURLToPath(new URL('..', url))
}

/** Formats a copy for a message: `@capstan/core 0.1.0 in /app/node_modules/@capstan/core/dist/`. */
export function showCopy({ version, location }: CoreCopy): string {
  return `@capstan/core ${version} in ${location}`
}

/** Never throws, since it is called for an error message. In a bundle there is no package.json to read. */
function readVersion(): string {
  try {
    const { version }: { version?: unknown } = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    )
    return String(version)
  } catch {
    return 'of unknown version'
  }
}
