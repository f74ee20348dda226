import { access } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { UsageError } from '../usage-error.js'

/**
 * The folder with the Dockerfile: `examples/quickstart` of a checkout, or the copy of it that the published package carries.
 *
 * @throws UsageError where neither is.
 */
export async function findQuickstartFiles(): Promise<string> {
  for (const place of ['../../../../examples/quickstart/', '../../quickstart/']) {
    const folder = fileURLToPath(new URL(place, import.meta.url))
    const isHere = await access(`${folder}Dockerfile`).then(
      () => true,
      () => false,
    )
    if (isHere) return folder
  }
  throw new UsageError('the files of the quickstart are missing from this installation: install @capstan/cli again')
}

/**
 * Which of the programs there this machine's engine runs, in the words of a Dockerfile's TARGETARCH.
 *
 * @throws UsageError for an architecture that there is no program for.
 */
export function toTargetArchitecture(architecture: string): string {
  const target = targets[architecture]
  if (target !== undefined) return target
  throw new UsageError(`the quickstart has no program for ${architecture}: try it with --runtime memory`)
}

const targets: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }
