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
 * The architectures that there is a program for, in the words of a Dockerfile's TARGETARCH: this machine's own first.
 *
 * The engine may be another machine: no report tells its architecture.
 */
export function toTargetArchitectures(own: string): readonly string[] {
  const name = own === 'x64' ? 'amd64' : own
  return architectures.toSorted((one, other) => Number(other === name) - Number(one === name))
}

const architectures: readonly string[] = ['amd64', 'arm64']
