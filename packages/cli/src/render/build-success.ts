import type { OutputChoice } from '../parse/build-output.js'
import { toOneLine } from './printable.js'

export interface BuiltFacts {
  /** The tags, in words. */
  readonly names: string
  /** Whose images have it, where it was loaded. */
  readonly runtime: string
  /** ` with BuildKit in 3.2s` */
  readonly took: string
}

/** What there is after a build that succeeded, and where: only an output that loads leaves an image on the runtime. */
export function toSuccessText(output: OutputChoice, { names, runtime, took }: BuiltFacts): string {
  switch (output.type) {
    case 'load':
      return `Built ${names} on ${runtime}${took}`
    case 'push':
      return `Built and pushed ${names}${took}; it was not loaded into ${runtime}`
    case 'archive':
      return output.format === 'files'
        ? `Built${took}, and wrote the files to ${toOneLine(output.file)}; no image was made`
        : `Built ${names}${took}, and wrote the image to ${toOneLine(output.file)} (${output.format} archive)`
    case 'cache-only':
      return `Built${took}; no image was made, the result is in BuildKit's cache alone`
  }
}
