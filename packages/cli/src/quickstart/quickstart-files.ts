import { access } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { CliError } from '../errors/cli-error.js'

/**
 * Returns the folder of the Dockerfile: `examples/quickstart` of a checkout, else its copy in the published package.
 *
 * @throws CliError if there is neither.
 */
export async function findQuickstartFiles(): Promise<string> {
  for (const place of ['../../../../examples/quickstart/', '../../quickstart/']) {
    const folder = fileURLToPath(new URL(place, import.meta.url))
    const exists = await access(`${folder}Dockerfile`).then(
      () => true,
      () => false,
    )
    if (exists) return folder
  }
  throw new CliError('the files of the quickstart are missing from this installation: install @capstan/cli again')
}

/**
 * Returns the architectures of the example's programs, as values of TARGETARCH, that of this machine first.
 *
 * The engine may run on another machine, whose architecture no report has.
 */
export function toTargetArchitectures(own: string): readonly string[] {
  const name = own === 'x64' ? 'amd64' : own
  return architectures.toSorted((one, other) => Number(other === name) - Number(one === name))
}

const architectures: readonly string[] = ['amd64', 'arm64']
