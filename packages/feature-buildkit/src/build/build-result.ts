import type { OperationOptions, Runtime } from '@capstan/core'
import { toFullName } from '@capstan/core/plugin'
import type { BuildKitManagers } from '../buildkit-needs.js'
import { runExec } from '../container/exec.js'
import type { BuildOutput } from './build-request.js'

/** The result of a successful build. */
export interface BuildResult {
  /** `runtime` if the fallback was used. */
  readonly builder: 'buildkit' | 'runtime'
  /**
   * The runtime's id of an image that is in the runtime, else the digest of the image's configuration. `undefined` if the
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

/** Reads the metadata file of a successful build, and the id of a loaded image from the runtime. */
export async function readBuildResult(
  { execs, runtime }: Pick<BuildKitManagers, 'execs' | 'runtime'>,
  containerId: string,
  { output, path, signal }: ReadOptions,
): Promise<BuildResult> {
  const { stdout } = await runExec(execs, containerId, { command: ['cat', path], signal })
  const metadata = parseMetadata(stdout.toString())
  const read = (key: string) => (typeof metadata[key] === 'string' ? metadata[key] : undefined)
  return {
    builder: 'buildkit',
    // An engine with containerd's image store identifies an image by the digest of its manifest or index. Podman, which
    // identifies it by the configuration, can list a short tag with the registry `localhost`.
    imageId: (await findLoadedId(runtime, output, { signal })) ?? read('containerimage.config.digest'),
    digest: read('containerimage.digest'),
    metadata,
    unsupportedFeatures: [],
  }
}

interface ReadOptions extends OperationOptions {
  readonly output: BuildOutput
  /** The path of the metadata file. */
  readonly path: string
}

async function findLoadedId(runtime: Runtime, output: BuildOutput, options: OperationOptions) {
  return output.type === 'load' ? await findImageId(runtime, output.tags[0], options) : undefined
}

/** Finds the runtime's id of the image with a tag. */
export async function findImageId(
  runtime: Runtime,
  tag: string | undefined,
  options: OperationOptions,
): Promise<string | undefined> {
  if (tag === undefined) return undefined
  const name = toFullName(tag)
  const images = await runtime.listImages(options)
  return images.find(({ tags }) => tags.some((one) => toFullName(one) === name))?.id
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
