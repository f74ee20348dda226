import {
  execManagerCapability,
  firewallManagerCapability,
  networkManagerCapability,
  runtimeCapability,
  sidecarManagerCapability,
} from '@capstan/core'
import { expectEqual } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import type { CaseContext } from '../case-context.js'
import { type CaseDefinition, type ConformanceCase, defineCases } from '../conformance-case.js'
import { collectBytes } from '../steps/collect.js'
import { readLogs } from '../steps/logs.js'

export const notFoundCases: readonly ConformanceCase[] = [
  ...defineCases(runtimeCapability, {
    'NF-001': notFound('startContainer', ({ runtime }, id) => runtime.startContainer(id)),
    'NF-002': notFound('waitContainer', ({ runtime }, id) => runtime.waitContainer(id)),
    'NF-003': notFound('containerState', ({ runtime }, id) => runtime.containerState(id)),
    'NF-004': notFound('containerLogsAll', ({ runtime }, id) => runtime.containerLogsAll(id)),
    'NF-005': notFound('attach', ({ runtime }, id) => runtime.attach(id, { stdout: collectBytes().stream })),
    'NF-006': notFound('startAttached', ({ runtime }, id) =>
      runtime.startAttached(id, { stdout: collectBytes().stream }),
    ),
    'NF-007': notFound('resizeTTY', ({ runtime }, id) => runtime.resizeTTY(id, { height: 24, width: 80 })),
    'NF-008': notFound('getPortBindings', ({ runtime }, id) => runtime.getPortBindings(id)),
    'NF-009': {
      ...notFound('setupFirewall', (context, id) =>
        context.require(firewallManagerCapability).setupFirewall(id, { proxyHost: '127.0.0.1', proxyPort: 3128 }),
      ),
      capability: firewallManagerCapability,
    },
    'NF-010': {
      title: 'containerLogs resolves for an unknown container, and reading the stream fails with CONTAINER_NOT_FOUND',
      run: async ({ runtime, uniqueName, signal }) => {
        const id = uniqueName('unknown')
        const stream = await runtime.containerLogs(id, { signal })
        await expectHostError('CONTAINER_NOT_FOUND', () => readLogs(stream), { id })
      },
    },
  }),
  ...defineCases(execManagerCapability, {
    'NF-011': notFound('exec', (context, id) => context.require(execManagerCapability).exec(id, ['true'])),
  }),
  ...defineCases(sidecarManagerCapability, {
    'NF-012': notFound('inspectContainer of the sidecar manager', (context, id) =>
      context.require(sidecarManagerCapability).inspectContainer(id),
    ),
  }),
  ...defineCases(
    { capability: networkManagerCapability, requiredOptions: ['network'] },
    {
      'NF-013': {
        title: 'createContainer rejects with NETWORK_NOT_FOUND when the network is unknown, and creates nothing',
        run: async (context) => {
          const networkId = context.uniqueName('unknown')
          const network = { mode: 'networks', networks: [{ networkId }] } as const
          const create = () => context.runtime.createContainer({ image: context.image, network })
          await expectHostError('NETWORK_NOT_FOUND', create, { id: networkId })
          expectEqual(await context.listCreated(), [], 'the remaining resources')
        },
      },
    },
  ),
  ...defineCases(runtimeCapability, {
    'NF-014': notFound('inspectContainer of the runtime', ({ runtime }, id) => runtime.inspectContainer(id)),
  }),
]

function notFound(method: string, call: (context: CaseContext, id: string) => PromiseLike<unknown>): CaseDefinition {
  return {
    title: `${method} rejects with CONTAINER_NOT_FOUND and the given id when the container is unknown`,
    run: async (context) => {
      const unknown = context.uniqueName('unknown')
      await expectHostError('CONTAINER_NOT_FOUND', () => call(context, unknown), { id: unknown })
    },
  }
}
