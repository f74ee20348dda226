import { inspect } from 'node:util'
import {
  type BuildOptions,
  type BuildProgress,
  type ImageInfo,
  imageBuilderCapability,
  type RegistryCredentials,
  type RuntimeScope,
} from '@capstan/core'
import { expect } from '../assert/expect.js'
import type { CaseContext } from '../case-context.js'

/** Builds an image that is removed after the case and resolves with its tag. Requires `imageBuilderCapability`. */
export async function buildImage(
  context: CaseContext,
  dockerfile: string,
  options: BuildOptions = {},
  scope: RuntimeScope = context.scope,
): Promise<string> {
  const { runtime, signal, uniqueName } = context
  const tag = `${uniqueName('image')}:1`
  for (const created of [tag, ...(options.tags ?? [])]) {
    context.defer(`image ${created}`, (options) => runtime.removeImage(created, options))
  }
  await context.require(imageBuilderCapability, scope).buildImage(dockerfile, tag, { signal, ...options })
  return tag
}

/** Records the progress of a build. */
export function recordProgress(): {
  readonly events: BuildProgress[]
  readonly onProgress: (event: BuildProgress) => void
} {
  const events: BuildProgress[] = []
  return { events, onProgress: (event) => void events.push(event) }
}

/** Finds the image with the tag in the list. */
export async function findImage({ runtime, signal }: CaseContext, tag: string): Promise<ImageInfo | undefined> {
  return (await runtime.listImages({ signal })).find(({ tags }) => tags.includes(tag))
}

/** Fails if a value contains the password, or the credentials as an engine encodes them. */
export function expectNoCredentials(value: unknown, credentials: RegistryCredentials): void {
  const shown = inspect(value, { depth: 20, showHidden: true })
  expect(!shown.includes(credentials.password), 'no password in the error or the progress', 'the password')
  const encoded = Buffer.from(JSON.stringify(credentials)).toString('base64')
  expect(!shown.includes(encoded.slice(0, 20)), 'no encoded credentials in the error', 'the credentials')
}

/** Returns the platform of this machine in the format of an image. */
export function getPlatform(): string {
  return `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`
}
