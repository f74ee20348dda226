import type { ExecManager, OperationOptions } from '@capstan/core'
import { runExec } from '../container/exec.js'

/** The result of a successful build. */
export interface BuildResult {
  /** `runtime` if the fallback was used. */
  readonly builder: 'buildkit' | 'runtime'
  /**
   * The digest of the image's configuration, or with the runtime's builder the runtime's id of the image. `undefined` if the
   * output is not an image or the id is not known.
   */
  readonly imageId: string | undefined
  /** The digest of the image's manifest. Always `undefined` with the runtime's builder. */
  readonly digest: string | undefined
  /** The metadata that BuildKit wrote. Empty with the runtime's builder. */
  readonly metadata: Readonly<Record<string, unknown>>
  /** What the runtime's builder could not do, one phrase each. Empty if BuildKit built. */
  readonly unsupportedFeatures: readonly string[]
}

/** Reads the metadata file of a successful build. */
export async function readBuildResult(
  execs: ExecManager,
  containerId: string,
  { path, signal }: OperationOptions & { readonly path: string },
): Promise<BuildResult> {
  const { stdout } = await runExec(execs, containerId, { command: ['cat', path], signal })
  const metadata = parseMetadata(stdout.toString())
  const read = (key: string) => (typeof metadata[key] === 'string' ? metadata[key] : undefined)
  return {
    builder: 'buildkit',
    imageId: read('containerimage.config.digest'),
    digest: read('containerimage.digest'),
    metadata,
    unsupportedFeatures: [],
  }
}

/** BuildKit writes no file for a build without metadata. */
function parseMetadata(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}
