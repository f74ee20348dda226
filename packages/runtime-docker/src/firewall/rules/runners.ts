import { createExecRunner } from './exec-runner.js'
import { createHelperRunner } from './helper-runner.js'
import type { NamespaceRunner, RunnerContext } from './namespace-runner.js'

/**
 * Lists the ways to run a script in the network namespace of a container, the most secure first. The container can
 * change its own file system, but not the files of an image.
 *
 * A privileged exec needs no capability of the container, but Docker 20.10 cannot start one if the engine itself lacks
 * a capability. A plain exec works where the container has NET_ADMIN.
 */
export function listRunners(context: RunnerContext): readonly NamespaceRunner[] {
  const { firewallImage } = context.engine.details
  const { id, namespaceId, imageId, hasNetAdmin } = context.container
  const given =
    firewallImage === undefined ? [] : [{ image: firewallImage, title: `a helper container of ${firewallImage}` }]
  const own = imageId === '' ? [] : [{ image: imageId, title: 'a helper container of its own image' }]
  const helpers = [...given, ...own].map((helper) => createHelperRunner(context, helper))
  if (namespaceId !== id) return [createSandboxRunner(context), ...helpers]
  return [
    ...helpers,
    createExecRunner(context, { privileged: true, title: 'a privileged exec' }),
    ...(hasNetAdmin ? [createExecRunner(context, { privileged: false, title: 'an exec as user 0' })] : []),
  ]
}

/** Runs scripts in the container's sandbox, whose process has NET_ADMIN, and whose files come from its image. */
export function createSandboxRunner(context: RunnerContext): NamespaceRunner {
  return createExecRunner(context, { privileged: false, title: 'an exec in its sandbox' })
}

/** Creates the error for rules that no runner could set, where nothing was changed. It has one reason for each runner. */
export function createNoRunnerError(reasons: readonly string[]): Error {
  const tried = reasons.join('; ')
  return new Error(
    `the rules could not be set (${tried}); pass the plugin's option \`firewallImage\`: an image with sh, iptables and ip6tables`,
  )
}
