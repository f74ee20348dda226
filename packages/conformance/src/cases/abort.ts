import { setMaxListeners } from 'node:events'
import {
  buildServiceCapability,
  execManagerCapability,
  firewallManagerCapability,
  imageBuilderCapability,
  imageTransferCapability,
  networkManagerCapability,
  type OperationOptions,
  runtimeCapability,
  sidecarManagerCapability,
  volumeManagerCapability,
} from '@capstan/core'
import { expect, expectEqual } from '../assert/expect.js'
import { expectReason } from '../assert/expect-rejection.js'
import { pause, within } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { type CaseDefinition, type ConformanceCase, defineCases } from '../conformance-case.js'
import { expectAborts, expectUndoneByAbort } from '../steps/abort.js'
import { collectBytes } from '../steps/collect.js'
import { createContainer, findListed, startContainer, startReady } from '../steps/containers.js'
import { inBackground } from '../steps/in-background.js'
import { readLogs } from '../steps/logs.js'

export const abortCases: readonly ConformanceCase[] = [
  ...defineCases(runtimeCapability, {
    'ABT-001': rejectsAborted('ping', ({ runtime }, options) => runtime.ping(options)),
    'ABT-002': rejectsAborted('createContainer', ({ runtime, image }, options) =>
      runtime.createContainer({ image }, options),
    ),
    'ABT-003': rejectsAborted('startContainer', ({ runtime }, options, id) => runtime.startContainer(id, options)),
    'ABT-004': rejectsAborted('stopContainer', ({ runtime }, options, id) => runtime.stopContainer(id, options)),
    'ABT-005': rejectsAborted('waitContainer', ({ runtime }, options, id) => runtime.waitContainer(id, options)),
    'ABT-006': rejectsAborted('removeContainer', ({ runtime }, options, id) => runtime.removeContainer(id, options)),
    'ABT-007': rejectsAborted('containerLogs, or reading its stream,', async ({ runtime }, options, id) =>
      readLogs(await runtime.containerLogs(id, options)),
    ),
    'ABT-008': rejectsAborted('containerLogsAll', ({ runtime }, options, id) => runtime.containerLogsAll(id, options)),
    'ABT-009': rejectsAborted('containerState', ({ runtime }, options, id) => runtime.containerState(id, options)),
    'ABT-010': {
      ...rejectsAborted('buildImage', (context, options) => {
        const { image, uniqueName } = context
        const tag = `${uniqueName('aborted')}:1`
        return context.require(imageBuilderCapability).buildImage(`FROM ${image}\n`, tag, options)
      }),
      capability: imageBuilderCapability,
    },
    'ABT-011': rejectsAborted('imageExists', ({ runtime, image }, options) => runtime.imageExists(image, options)),
    'ABT-012': rejectsAborted('listImages', ({ runtime }, options) => runtime.listImages(options)),
    'ABT-013': rejectsAborted('removeImage', ({ runtime, uniqueName }, options) =>
      runtime.removeImage(uniqueName('none'), options),
    ),
    'ABT-014': rejectsAborted('attach', ({ runtime }, options, id) =>
      runtime.attach(id, { stdout: collectBytes().stream, ...options }),
    ),
    'ABT-015': rejectsAborted('startAttached', ({ runtime }, options, id) =>
      runtime.startAttached(id, { stdout: collectBytes().stream, ...options }),
    ),
    'ABT-016': rejectsAborted('resizeTTY', ({ runtime }, options, id) =>
      runtime.resizeTTY(id, { height: 24, width: 80 }, options),
    ),
    'ABT-017': rejectsAborted('getHostAddress', ({ runtime }, options) => runtime.getHostAddress(options)),
    'ABT-018': rejectsAborted('getPortBindings', ({ runtime }, options, id) => runtime.getPortBindings(id, options)),
    'ABT-019': {
      ...rejectsAborted('setupFirewall', (context, options, id) =>
        context
          .require(firewallManagerCapability)
          .setupFirewall(id, { proxyHost: '127.0.0.1', proxyPort: 3128 }, options),
      ),
      capability: firewallManagerCapability,
    },
    'ABT-020': rejectsAborted('listContainers', ({ runtime }, options) => runtime.listContainers(options)),
    'ABT-021': {
      title: 'the reason may be any value, and the call rejects with this value',
      run: async ({ runtime }) => {
        for (const reason of ['a text', { a: 'thing' }, 0]) {
          await expectReason(reason, () => runtime.ping({ signal: AbortSignal.abort(reason) }))
        }
      },
    },
    'ABT-022': {
      title: 'aborting waitContainer rejects with the reason itself and does not stop the container',
      run: async (context) => {
        const id = await startContainer(context, { command: context.programs.sleep(60) })
        await expectAborts((options) => context.runtime.waitContainer(id, options))
        expectEqual(await context.runtime.containerState(id), 'running', 'the state')
      },
    },
    'ABT-023': {
      title: 'aborting waitContainer before the start rejects with the reason itself',
      run: async (context) => {
        const id = await createContainer(context, { command: context.programs.exit(0) })
        await expectAborts((options) => context.runtime.waitContainer(id, options))
        expectEqual(await context.runtime.containerState(id), 'created', 'the state')
      },
    },
    'ABT-024': {
      title: 'aborting stopContainer during its grace period rejects at once with the reason itself',
      run: async (context) => {
        const id = await startReady(context, { command: context.programs.ignoreSigterm() })
        await expectAborts((options) => context.runtime.stopContainer(id, { graceMs: 60_000, ...options }))
      },
    },
    'ABT-025': {
      title: 'aborting the signal after the call has resolved changes nothing',
      run: async (context) => {
        const controller = new AbortController()
        const { runtime, image, programs } = context
        const id = await runtime.createContainer({ image, command: programs.sleep(60) }, { signal: controller.signal })
        context.defer(id, (options) => runtime.removeContainer(id, options))
        await runtime.startContainer(id, { signal: controller.signal })
        controller.abort(new Error('too late'))
        await pause(100)
        expectEqual(await runtime.containerState(id), 'running', 'the state')
      },
    },
    'ABT-026': {
      title:
        'createContainer aborted at any moment resolves, or rejects with the reason itself and removes what it created',
      run: async (context) => {
        const { runtime, image } = context
        const create = (options: OperationOptions) => runtime.createContainer({ image }, options)
        await expectUndoneByAbort(context, create, (id) => runtime.removeContainer(id))
      },
    },
    'ABT-027': {
      title: 'one signal aborts several calls, which all reject with the reason itself',
      run: async (context) => {
        const id = await startContainer(context, { command: context.programs.sleep(60) })
        const controller = new AbortController()
        setMaxListeners(0, controller.signal)
        const options = { signal: controller.signal }
        const waits = Array.from({ length: 20 }, () => inBackground(context.runtime.waitContainer(id, options)))
        await pause(200)
        const reason = new Error('aborted by the case')
        controller.abort(reason)
        for (const { result } of waits) await expectReason(reason, () => within(5000, 'the rejection', result))
        expect((await findListed(context, id)) !== undefined, 'the container in the list', 'nothing')
      },
    },
  }),
  ...defineCases(networkManagerCapability, {
    'ABT-028': rejectsAborted('createNetwork', (context, options) =>
      context.require(networkManagerCapability).createNetwork(context.uniqueName('aborted'), options),
    ),
    'ABT-029': rejectsAborted('removeNetwork', (context, options) =>
      context.require(networkManagerCapability).removeNetwork(context.uniqueName('none'), options),
    ),
    'ABT-030': rejectsAborted('listNetworks', (context, options) =>
      context.require(networkManagerCapability).listNetworks(options),
    ),
    'ABT-031': {
      title:
        'createNetwork aborted at any moment resolves, or rejects with the reason itself and removes what it created',
      run: async (context) => {
        const networks = context.require(networkManagerCapability)
        const create = (options: OperationOptions) => networks.createNetwork(context.uniqueName('aborted'), options)
        await expectUndoneByAbort(context, create, (id) => networks.removeNetwork(id))
      },
    },
  }),
  ...defineCases(networkManagerCapability, {
    'ABT-045': rejectsAborted('inspectNetwork', (context, options) =>
      context.require(networkManagerCapability).inspectNetwork('default', options),
    ),
    'ABT-046': {
      ...rejectsAborted('connectContainer', (context, options, id) =>
        context.require(networkManagerCapability).connectContainer('default', id, options),
      ),
      requiredOptions: ['networks.connect'],
    },
  }),
  ...defineCases(volumeManagerCapability, {
    'ABT-032': rejectsAborted('createVolume', (context, options) =>
      context.require(volumeManagerCapability).createVolume(context.uniqueName('aborted'), options),
    ),
    'ABT-033': rejectsAborted('removeVolume', (context, options) =>
      context.require(volumeManagerCapability).removeVolume(context.uniqueName('none'), options),
    ),
    'ABT-034': rejectsAborted('listVolumes', (context, options) =>
      context.require(volumeManagerCapability).listVolumes(options),
    ),
    'ABT-035': {
      title:
        'createVolume aborted at any moment resolves, or rejects with the reason itself and removes what it created',
      run: async (context) => {
        const volumes = context.require(volumeManagerCapability)
        const create = (options: OperationOptions) => volumes.createVolume(context.uniqueName('aborted'), options)
        await expectUndoneByAbort(context, create, (name) => volumes.removeVolume(name))
      },
    },
  }),
  ...defineCases(sidecarManagerCapability, {
    'ABT-036': rejectsAborted('startSidecar', (context, options) =>
      context
        .require(sidecarManagerCapability)
        .startSidecar({ image: context.image, name: context.uniqueName('aborted') }, options),
    ),
    'ABT-037': rejectsAborted('inspectContainer of the sidecar manager', (context, options, id) =>
      context.require(sidecarManagerCapability).inspectContainer(id, options),
    ),
  }),
  ...defineCases(execManagerCapability, {
    'ABT-038': rejectsAborted('exec', (context, options, id) =>
      context.require(execManagerCapability).exec(id, ['true'], options),
    ),
  }),
  ...defineCases(imageTransferCapability, {
    'ABT-039': rejectsAborted('pullImage', (context, options) =>
      context.require(imageTransferCapability).pullImage('127.0.0.1:1/conformance/absent:1', options),
    ),
    'ABT-040': rejectsAborted('loadImages', (context, options) =>
      context.require(imageTransferCapability).loadImages(unreadableArchive(), options),
    ),
    'ABT-041': rejectsAborted('saveImage', (context, options) =>
      context.require(imageTransferCapability).saveImage(context.image, options),
    ),
  }),
  ...defineCases(runtimeCapability, {
    'ABT-042': rejectsAborted('inspectContainer of the runtime', ({ runtime }, options, id) =>
      runtime.inspectContainer(id, options),
    ),
  }),
  ...defineCases(buildServiceCapability, {
    'ABT-043': rejectsAborted('connect', (context, options) =>
      context.require(buildServiceCapability).connect(options),
    ),
    'ABT-044': rejectsAborted('openSession', (context, options) =>
      context.require(buildServiceCapability).openSession({}, options),
    ),
  }),
]

function rejectsAborted(
  method: string,
  call: (context: CaseContext, options: OperationOptions, container: string) => PromiseLike<unknown>,
): CaseDefinition {
  return {
    title: `${method} with an aborted signal rejects with the reason itself and does nothing`,
    run: async (context) => {
      const container = await createContainer(context, { command: context.programs.exit(0) })
      const before = await context.listCreated()
      const reason = new Error('aborted before the call')
      await expectReason(reason, () => call(context, { signal: AbortSignal.abort(reason) }, container))
      expectEqual(await context.listCreated(), before, 'the existing resources')
    },
  }
}

/** An archive that fails when it is read. */
async function* unreadableArchive(): AsyncGenerator<Uint8Array> {
  yield await Promise.reject(new Error('the archive was read though the signal had aborted'))
}
