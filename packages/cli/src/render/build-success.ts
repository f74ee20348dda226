import type { OutputChoice } from '../options/build-output.js'
import { toOneLine } from './printable.js'

/** The details in the line after a successful build. */
export interface SuccessDetails {
  /** The tags, as a list in a sentence. */
  readonly names: string
  /** The name of the runtime. */
  readonly runtime: string
  /** The builder and the duration, for example ` with BuildKit in 3.2s`. */
  readonly took: string
}

/** The line after a successful build: what was created, and where it is. Only `load` adds an image to the runtime. */
export function toSuccessText(output: OutputChoice, { names, runtime, took }: SuccessDetails): string {
  switch (output.type) {
    case 'load':
      return `Built ${names} on ${runtime}${took}`
    case 'push':
      return `Built and pushed ${names}${took}; it was not loaded into ${runtime}`
    case 'archive': {
      const file = output.to === '-' ? 'stdout' : toOneLine(output.to)
      return output.format === 'files'
        ? `Built${took}, and wrote the files to ${file}; no image was made`
        : `Built ${names}${took}, and wrote the image to ${file} (${output.format} archive)`
    }
    case 'directory':
      return `Built${took}, and wrote the files to ${toOneLine(output.to)}; no image was made`
    case 'cache-only':
      return `Built${took}; no image was made, the result is in BuildKit's cache alone`
  }
}
