import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** One installed copy of this package: two in one tree are told apart by their place. */
export interface CoreCopy {
  readonly version: string
  readonly location: string
}

/** The one that this file belongs to. */
export const thisCopy: CoreCopy = {
  location: findLocation(import.meta.url),
  get version() {
    return readVersion()
  },
}

/** In a bundle in the CommonJS format `import.meta.url` is `undefined`. */
function findLocation(url: string | undefined): string {
  return url === undefined ? 'a bundle' : fileURLToPath(new URL('..', url))
}

/** `@capstan/core 0.1.0 in /app/node_modules/@capstan/core/`. */
export function showCopy({ version, location }: CoreCopy): string {
  return `@capstan/core ${version} in ${location}`
}

/** Without a package.json beside it (a bundle) it is unknown: the sentence that names the copy must come all the same. */
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
