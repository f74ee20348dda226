import type { OperationOptions, Runtime } from '@capstan/core'
import { type StringMap, toFullName } from '@capstan/core/plugin'

/** The result of a successful build. */
export interface BuildResult {
  /** What built: the engine's own BuildKit, BuildKit in a sidecar, or the runtime's own builder. */
  readonly builder: 'build-service' | 'sidecar' | 'runtime'
  /** The id of the build in BuildKit's history. `undefined` with the runtime's builder. */
  readonly ref: string | undefined
  /**
   * The runtime's id of an image that is in the runtime, else the digest of the image's configuration. `undefined` if the
   * output is not an image or the id is not known.
   */
  readonly imageId: string | undefined
  /** The digest of the image's manifest. Always `undefined` with the runtime's builder. */
  readonly digest: string | undefined
  /** The metadata that BuildKit reports. Empty with the runtime's builder. */
  readonly metadata: Readonly<Record<string, unknown>>
  /** What the runtime's builder could not do, one phrase each. Empty if BuildKit built. */
  readonly unsupportedFeatures: readonly string[]
}

/** Converts the texts of BuildKit's answer. Objects are JSON in base64. */
export function toMetadata(response: StringMap): BuildResult['metadata'] {
  return Object.fromEntries(Object.entries(response).map(([key, text]) => [key, parseObject(text) ?? text]))
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64').toString())
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

/** The methods of a runtime that a build calls. */
export type RuntimeImages = Pick<Runtime, 'imageExists' | 'listImages' | 'removeImage'>

/** Finds the runtime's id of the image with a tag. */
export async function findImageId(
  runtime: Pick<RuntimeImages, 'listImages'>,
  tag: string | undefined,
  options: OperationOptions,
): Promise<string | undefined> {
  if (tag === undefined) return undefined
  const name = toFullName(tag)
  const images = await runtime.listImages(options)
  return images.find(({ tags }) => tags.some((one) => toFullName(one) === name))?.id
}
