import type { OperationOptions } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import { runExec } from '../run-exec.js'
import type { BuildResult } from './buildkit-build.js'

/** What BuildKit wrote of a build that went well. */
export async function readResult(
  { execs }: BuildKitManagers,
  id: string,
  { path, signal }: OperationOptions & { readonly path: string },
): Promise<BuildResult> {
  const { stdout } = await runExec(execs, id, { command: ['cat', path], signal })
  return toResult(parseMetadata(stdout.toString()))
}

/** Written only where there is something to say. */
function parseMetadata(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}

function toResult(metadata: Readonly<Record<string, unknown>>): BuildResult {
  const read = (key: string) => (typeof metadata[key] === 'string' ? metadata[key] : undefined)
  return {
    builder: 'buildkit',
    imageId: read('containerimage.config.digest'),
    digest: read('containerimage.digest'),
    metadata,
    lost: [],
  }
}
