import { createRuntimeHost, type OperationOptions } from '@capstan/core'
import { type DockerContext, dockerPlugin, listContexts } from '@capstan/runtime-docker'
import { toMessage } from '../render/printable.js'
import type { ContextFindings } from '../render/runtime-tables.js'
import { writeWarning } from '../render/write-output.js'
import type { Invocation } from './invocation.js'
import { appName } from './open-host.js'

/**
 * Probes the engines of all contexts of docker except the current one, at the same time. None if there is no runtime docker. If the
 * contexts cannot be read, writes a warning.
 */
export async function discoverContexts(
  { io, globals, plugins }: Invocation,
  options: OperationOptions,
): Promise<readonly ContextFindings[]> {
  const hasDocker = (await plugins({})).some(({ name }) => name === 'docker')
  const listed = hasDocker ? await listContexts(io.env, globals).catch(toMessage) : undefined
  if (typeof listed === 'string') writeWarning(io.stderr, listed)
  const contexts = typeof listed === 'object' ? listed.contexts : []
  const probe = async (context: DockerContext) => {
    if (context.isCurrent || context.endpoint === undefined) return { context, report: undefined }
    const { probeTimeoutMs } = globals
    await using host = createRuntimeHost({
      plugins: [dockerPlugin({ context: context.name })],
      app: appName,
      env: io.env,
      ...(probeTimeoutMs === undefined ? {} : { probeTimeoutMs }),
    })
    const [report] = await host.discover(options)
    return { context, report }
  }
  return await Promise.all(contexts.map(probe))
}
