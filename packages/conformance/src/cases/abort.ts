import { setMaxListeners } from 'node:events'
import {
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
    'ABT-001': rejectsAborted('ping', ({ runtime }, own) => runtime.ping(own)),
    'ABT-002': rejectsAborted('createContainer', ({ runtime, image }, own) => runtime.createContainer({ image }, own)),
    'ABT-003': rejectsAborted('startContainer', ({ runtime }, own, id) => runtime.startContainer(id, own)),
    'ABT-004': rejectsAborted('stopContainer', ({ runtime }, own, id) => runtime.stopContainer(id, own)),
    'ABT-005': rejectsAborted('waitContainer', ({ runtime }, own, id) => runtime.waitContainer(id, own)),
    'ABT-006': rejectsAborted('removeContainer', ({ runtime }, own, id) => runtime.removeContainer(id, own)),
    'ABT-007': rejectsAborted('containerLogs, or reading its stream,', async ({ runtime }, own, id) =>
      readLogs(await runtime.containerLogs(id, own)),
    ),
    'ABT-008': rejectsAborted('containerLogsAll', ({ runtime }, own, id) => runtime.containerLogsAll(id, own)),
    'ABT-009': rejectsAborted('containerState', ({ runtime }, own, id) => runtime.containerState(id, own)),
    'ABT-010': {
      ...rejectsAborted('buildImage', (context, own) => {
        const { image, uniqueName } = context
        const tag = `${uniqueName('aborted')}:1`
        return context.require(imageBuilderCapability).buildImage(`FROM ${image}\n`, tag, own)
      }),
      capability: imageBuilderCapability,
    },
    'ABT-011': rejectsAborted('imageExists', ({ runtime, image }, own) => runtime.imageExists(image, own)),
    'ABT-012': rejectsAborted('listImages', ({ runtime }, own) => runtime.listImages(own)),
    'ABT-013': rejectsAborted('removeImage', ({ runtime, uniqueName }, own) =>
      runtime.removeImage(uniqueName('none'), own),
    ),
    'ABT-014': rejectsAborted('attach', ({ runtime }, own, id) =>
      runtime.attach(id, { stdout: collectBytes().stream, ...own }),
    ),
    'ABT-015': rejectsAborted('startAttached', ({ runtime }, own, id) =>
      runtime.startAttached(id, { stdout: collectBytes().stream, ...own }),
    ),
    'ABT-016': rejectsAborted('resizeTTY', ({ runtime }, own, id) =>
      runtime.resizeTTY(id, { height: 24, width: 80 }, own),
    ),
    'ABT-017': rejectsAborted('getHostAddress', ({ runtime }, own) => runtime.getHostAddress(own)),
    'ABT-018': rejectsAborted('getPortBindings', ({ runtime }, own, id) => runtime.getPortBindings(id, own)),
    'ABT-019': {
      ...rejectsAborted('setupFirewall', (context, own, id) =>
        context.require(firewallManagerCapability).setupFirewall(id, { proxyHost: '127.0.0.1', proxyPort: 3128 }, own),
      ),
      capability: firewallManagerCapability,
    },
    'ABT-020': rejectsAborted('listContainers', ({ runtime }, own) => runtime.listContainers(own)),
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
        await expectAborts((own) => context.runtime.waitContainer(id, own))
        expectEqual(await context.runtime.containerState(id), 'running', 'the state')
      },
    },
    'ABT-023': {
      title: 'aborting waitContainer before the start rejects with the reason itself',
      run: async (context) => {
        const id = await createContainer(context, { command: context.programs.exit(0) })
        await expectAborts((own) => context.runtime.waitContainer(id, own))
        expectEqual(await context.runtime.containerState(id), 'created', 'the state')
      },
    },
    'ABT-024': {
      title: 'aborting stopContainer during its grace period rejects at once with the reason itself',
      run: async (context) => {
        const id = await startReady(context, { command: context.programs.ignoreSigterm() })
        await expectAborts((own) => context.runtime.stopContainer(id, { graceMs: 60_000, ...own }))
      },
    },
    'ABT-025': {
      title: 'aborting the signal after the call has resolved changes nothing',
      run: async (context) => {
        const controller = new AbortController()
        const { runtime, image, programs } = context
        const id = await runtime.createContainer({ image, command: programs.sleep(60) }, { signal: controller.signal })
        context.defer(id, (own) => runtime.removeContainer(id, own))
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
        const create = (own: OperationOptions) => runtime.createContainer({ image }, own)
        await expectUndoneByAbort(context, create, (id) => runtime.removeContainer(id))
      },
    },
    'ABT-027': {
      title: 'one signal aborts several calls, which all reject with the reason itself',
      run: async (context) => {
        const id = await startContainer(context, { command: context.programs.sleep(60) })
        const controller = new AbortController()
        setMaxListeners(0, controller.signal)
        const own = { signal: controller.signal }
        const waits = Array.from({ length: 20 }, () => inBackground(context.runtime.waitContainer(id, own)))
        await pause(200)
        const reason = new Error('aborted by the case')
        controller.abort(reason)
        for (const { result } of waits) await expectReason(reason, () => within(5000, 'the rejection', result))
        expect((await findListed(context, id)) !== undefined, 'the container in the list', 'nothing')
      },
    },
  }),
  ...defineCases(networkManagerCapability, {
    'ABT-028': rejectsAborted('createNetwork', (context, own) =>
      context.require(networkManagerCapability).createNetwork(context.uniqueName('aborted'), own),
    ),
    'ABT-029': rejectsAborted('removeNetwork', (context, own) =>
      context.require(networkManagerCapability).removeNetwork(context.uniqueName('none'), own),
    ),
    'ABT-030': rejectsAborted('listNetworks', (context, own) =>
      context.require(networkManagerCapability).listNetworks(own),
    ),
    'ABT-031': {
      title:
        'createNetwork aborted at any moment resolves, or rejects with the reason itself and removes what it created',
      run: async (context) => {
        const networks = context.require(networkManagerCapability)
        const create = (own: OperationOptions) => networks.createNetwork(context.uniqueName('aborted'), own)
        await expectUndoneByAbort(context, create, (id) => networks.removeNetwork(id))
      },
    },
  }),
  ...defineCases(volumeManagerCapability, {
    'ABT-032': rejectsAborted('createVolume', (context, own) =>
      context.require(volumeManagerCapability).createVolume(context.uniqueName('aborted'), own),
    ),
    'ABT-033': rejectsAborted('removeVolume', (context, own) =>
      context.require(volumeManagerCapability).removeVolume(context.uniqueName('none'), own),
    ),
    'ABT-034': rejectsAborted('listVolumes', (context, own) =>
      context.require(volumeManagerCapability).listVolumes(own),
    ),
    'ABT-035': {
      title:
        'createVolume aborted at any moment resolves, or rejects with the reason itself and removes what it created',
      run: async (context) => {
        const volumes = context.require(volumeManagerCapability)
        const create = (own: OperationOptions) => volumes.createVolume(context.uniqueName('aborted'), own)
        await expectUndoneByAbort(context, create, (name) => volumes.removeVolume(name))
      },
    },
  }),
  ...defineCases(sidecarManagerCapability, {
    'ABT-036': rejectsAborted('startSidecar', (context, own) =>
      context
        .require(sidecarManagerCapability)
        .startSidecar({ image: context.image, name: context.uniqueName('aborted') }, own),
    ),
    'ABT-037': rejectsAborted('inspectContainer of the sidecar manager', (context, own, id) =>
      context.require(sidecarManagerCapability).inspectContainer(id, own),
    ),
  }),
  ...defineCases(execManagerCapability, {
    'ABT-038': rejectsAborted('exec', (context, own, id) =>
      context.require(execManagerCapability).exec(id, ['true'], own),
    ),
  }),
  ...defineCases(imageTransferCapability, {
    'ABT-039': rejectsAborted('pullImage', (context, own) =>
      context.require(imageTransferCapability).pullImage('127.0.0.1:1/conformance/absent:1', own),
    ),
    'ABT-040': rejectsAborted('loadImages', (context, own) =>
      context.require(imageTransferCapability).loadImages(unreadableArchive(), own),
    ),
    'ABT-041': rejectsAborted('saveImage', (context, own) =>
      context.require(imageTransferCapability).saveImage(context.image, own),
    ),
  }),
  ...defineCases(runtimeCapability, {
    'ABT-042': rejectsAborted('inspectContainer of the runtime', ({ runtime }, own, id) =>
      runtime.inspectContainer(id, own),
    ),
  }),
]

function rejectsAborted(
  method: string,
  call: (context: CaseContext, own: OperationOptions, container: string) => PromiseLike<unknown>,
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
