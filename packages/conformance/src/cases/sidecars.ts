import {
  networkManagerCapability,
  type SidecarConfig,
  sidecarManagerCapability,
  volumeManagerCapability,
} from '@capstan/core'
import { expectEqual } from '../assert/expect.js'
import { expectAnyHostError, expectHostError } from '../assert/expect-rejection.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { expectUndoneByAbort } from '../steps/abort.js'
import { createContainer, expectListed } from '../steps/containers.js'
import { listenOnEngine } from '../steps/engine-machine.js'
import { readLogText } from '../steps/logs.js'
import { createNetwork, expectReaches, onNetwork } from '../steps/networks.js'
import { nameVolume } from '../steps/volumes.js'

export const sidecarCases: readonly ConformanceCase[] = defineCases(
  { capability: sidecarManagerCapability, requiredOptions: ['name'] },
  {
    'SIDE-001': {
      title: 'startSidecar resolves with the full id of a running container of the given name',
      run: async (context) => {
        const name = context.uniqueName('sidecar')
        const id = await startSidecar(context, { name, command: context.programs.sleep(60) })
        const listed = await expectListed(context, id)
        expectEqual({ name: listed.name, state: listed.state }, { name, state: 'running' }, 'the entry')
      },
    },
    'SIDE-002': {
      title: "containers on the sidecar's networks reach it by its alias",
      needs: [networkManagerCapability],
      requiredOptions: ['network', 'network.aliases'],
      run: async (context) => {
        const networkId = await createNetwork(context)
        const networks = [{ networkId, aliases: ['helper'] }]
        await startSidecar(context, { networks, command: context.programs.listen(8080, 'the sidecar') })
        const peer = { host: 'helper', port: 8080, line: 'the sidecar' }
        await expectReaches(context, onNetwork(networkId), peer)
      },
    },
    'SIDE-003': {
      title: 'a sidecar joins all of its networks',
      needs: [networkManagerCapability],
      requiredOptions: ['network', 'network.several'],
      run: async (context) => {
        const ids = [await createNetwork(context), await createNetwork(context)]
        const networks = ids.map((networkId) => ({ networkId }))
        const id = await startSidecar(context, { networks, command: context.programs.sleep(60) })
        const inspection = await context.require(sidecarManagerCapability).inspectContainer(id)
        const joined = inspection.networks.map(({ networkId }) => networkId)
        expectEqual(joined.toSorted(), ids.toSorted(), 'its networks')
      },
    },
    'SIDE-004': {
      title: 'startSidecar rejects with NETWORK_NOT_FOUND when the network is absent, and no resource remains',
      needs: [networkManagerCapability],
      requiredOptions: ['network'],
      run: async (context) => {
        const networkId = context.uniqueName('absent')
        const networks = [{ networkId }]
        const start = () => startSidecar(context, { networks, command: context.programs.sleep(60) })
        await expectHostError('NETWORK_NOT_FOUND', start, { id: networkId })
        expectEqual(await context.listCreated(), [], 'the remaining resources')
      },
    },
    'SIDE-005': {
      title:
        'startSidecar rejects with NETWORK_NOT_FOUND when the second network is absent, and no container stays on the first',
      needs: [networkManagerCapability],
      requiredOptions: ['network', 'network.several'],
      run: async (context) => {
        const first = await createNetwork(context)
        const networks = [{ networkId: first }, { networkId: context.uniqueName('absent') }]
        const start = () => startSidecar(context, { networks, command: context.programs.sleep(60) })
        await expectHostError('NETWORK_NOT_FOUND', start)
        await context.require(networkManagerCapability).removeNetwork(first)
        expectEqual(await context.listCreated(), [], 'the remaining resources')
      },
    },
    'SIDE-006': {
      title: 'startSidecar rejects with COMMAND_NOT_STARTED when the image lacks the command, and no resource remains',
      run: async (context) => {
        const start = () => startSidecar(context, { command: context.programs.missing() })
        await expectHostError('COMMAND_NOT_STARTED', start, { exitCode: 127 })
        expectEqual(await context.listCreated(), [], 'the remaining resources')
      },
    },
    'SIDE-007': {
      title: 'startSidecar rejects with IMAGE_PULL_FAILED when no registry has the image, and no resource remains',
      run: async (context) => {
        const image = '127.0.0.1:1/conformance/absent:1'
        await expectHostError('IMAGE_PULL_FAILED', () => startSidecar(context, { image }), { image })
        expectEqual(await context.listCreated(), [], 'the remaining resources')
      },
    },
    'SIDE-008': {
      title: 'startSidecar rejects with IN_USE when a host port is taken, and no resource remains',
      requiredOptions: ['ports', 'ports.hostPort'],
      run: async (context) => {
        const hostPort = await listenOnEngine(context)
        const ports = [{ containerPort: 8080, hostPort }]
        const before = await context.listCreated()
        const start = () => startSidecar(context, { ports, command: context.programs.sleep(60) })
        await expectHostError('IN_USE', start)
        expectEqual(await context.listCreated(), before, 'the remaining resources')
      },
    },
    'SIDE-009': {
      title: 'startSidecar rejects with NAME_CONFLICT when the name is taken, and the holder is unchanged',
      run: async (context) => {
        const name = context.uniqueName('taken')
        const holderId = await createContainer(context, { name, command: context.programs.exit(0) })
        const start = () => startSidecar(context, { name, command: context.programs.sleep(60) })
        await expectHostError('NAME_CONFLICT', start, { name, holderId, sameOwner: true })
        expectEqual(await context.runtime.containerState(holderId), 'created', 'the state of the holder')
      },
    },
    'SIDE-010': {
      title:
        'startSidecar aborted while it runs resolves, or rejects with the reason itself and removes what it created',
      run: async (context) => {
        await expectUndoneByAbort(
          context,
          ({ signal }) => startSidecar(context, { command: context.programs.sleep(60) }, signal),
          (id) => context.runtime.removeContainer(id),
          { delaysMs: [0, 5, 40] },
        )
      },
    },
    'SIDE-011': {
      title: 'a sidecar accepts the options of a container',
      requiredOptions: ['env', 'labels'],
      run: async (context) => {
        const command = context.programs.variable('SAID')
        const labels = { 'conformance.kind': 'sidecar' }
        const id = await startSidecar(context, { env: { SAID: 'as configured' }, labels, command })
        expectEqual(await context.runtime.waitContainer(id, { signal: context.signal }), 0, 'the exit code')
        expectEqual(await readLogText(context, id), 'as configured\n', 'the log')
        expectEqual((await expectListed(context, id)).labels['conformance.kind'], 'sidecar', 'the label')
      },
    },
    'SIDE-012': {
      title: 'an invalid config rejects with INVALID_ARGUMENT before anything is created',
      run: async (context) => {
        const start = () => startSidecar(context, { name: '-leading-dash' })
        await expectHostError('INVALID_ARGUMENT', start, { field: 'name' })
        expectEqual(await context.listCreated(), [], 'the created resources')
      },
    },
    'SIDE-013': {
      title: 'a container option that sidecars lack rejects with INVALID_ARGUMENT and its name, and creates nothing',
      run: async (context) => {
        for (const [field, value] of Object.entries({ network: { mode: 'none' }, tty: true, interactive: true })) {
          await expectHostError('INVALID_ARGUMENT', () => startSidecar(context, { [field]: value }), { field })
        }
        expectEqual(await context.listCreated(), [], 'the created resources')
      },
    },
    'SIDE-014': {
      title: 'startSidecar that fails removes the volume that its mount created',
      needs: [volumeManagerCapability],
      requiredOptions: ['mounts', 'mounts.volume', 'command'],
      run: async (context) => {
        const volumes = context.require(volumeManagerCapability)
        const source = nameVolume(context)
        const config = {
          mounts: [{ type: 'volume', source, target: '/data' }],
          command: ['/conformance-no-such-program'],
        } as const
        await expectAnyHostError(() => startSidecar(context, config))
        const remaining = (await volumes.listVolumes()).filter(({ name }) => name === source)
        expectEqual(remaining, [], 'the volume in the list')
      },
    },
  },
)

async function startSidecar(
  context: CaseContext,
  config: Partial<SidecarConfig>,
  signal: AbortSignal = context.signal,
): Promise<string> {
  const sidecars = context.require(sidecarManagerCapability)
  const name = context.uniqueName('sidecar')
  const id = await sidecars.startSidecar({ image: context.image, name, ...config }, { signal })
  context.defer(`sidecar ${id}`, (options) => context.runtime.removeContainer(id, options))
  return id
}
