import { createExecRunner } from './exec-runner.js'
import { createHelperRunner } from './helper-runner.js'
import type { NamespaceRunner, RunnerContext } from './namespace-runner.js'

/**
 * The ways into the workload's namespace, the most trustworthy first: files of an image cannot have been changed by the
 * workload, those in its own file system can.
 *
 * A privileged exec works without any right of the workload, but not where the machine withholds a capability from
 * engine 20.10; a plain one where the workload has NET_ADMIN itself.
 */
export function listRunners(context: RunnerContext, firewallImage: string | undefined): readonly NamespaceRunner[] {
  const { id, namespaceId, imageId, hasNetAdmin } = context.workload
  const given =
    firewallImage === undefined ? [] : [{ image: firewallImage, title: `a helper container of ${firewallImage}` }]
  const own = imageId === '' ? [] : [{ image: imageId, title: 'a helper container of its own image' }]
  return [
    ...(namespaceId === id ? [] : [createSandboxRunner(context)]),
    ...[...given, ...own].map((helper) => createHelperRunner(context, helper)),
    ...(namespaceId === id ? [createExecRunner(context, { privileged: true, title: 'a privileged exec' })] : []),
    ...(namespaceId === id && hasNetAdmin
      ? [createExecRunner(context, { privileged: false, title: 'an exec as user 0' })]
      : []),
  ]
}

/** Its process has NET_ADMIN, and its files come fresh from its image. */
export function createSandboxRunner(context: RunnerContext): NamespaceRunner {
  return createExecRunner(context, { privileged: false, title: 'an exec in its sandbox' })
}
