import {
  findCapability,
  imageBuilderCapability,
  networkManagerCapability,
  type RuntimeScope,
  runtimeCapability,
  type SweepOptions,
  volumeManagerCapability,
} from '@capstan/core'
import { ownershipLabelKeys, type StringMap } from '@capstan/core/plugin'
import { expectDefined, expectEqual } from '../assert/expect.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { type CaseConfig, createContainer, startContainer, untilState } from '../steps/containers.js'
import { buildImage } from '../steps/images.js'
import { onNetwork } from '../steps/networks.js'

// A sweep that a case starts sees nothing but what the case has marked: what others have left here is theirs to sweep.
export const sweepCases: readonly ConformanceCase[] = defineCases(
  { capability: runtimeCapability, requiredOptions: ['labels'] },
  [
    {
      id: 'SWP-001',
      title: 'sweep removes the containers that a dead owner left, running or not; a second one finds nothing',
      run: async (context) => {
        const scene = await setScene(context, dead)
        const running = await scene.start({ command: context.programs.sleep(60) })
        const created = await scene.create({})
        const { removed } = await scene.sweep()
        expectEqual(removed.map(({ id }) => id).toSorted(), [running, created].toSorted(), 'what was removed')
        expectEqual(await scene.list(), [], 'what is left')
        expectEqual((await scene.sweep()).removed, [], 'what the second sweep removed')
      },
    },
    {
      id: 'SWP-002',
      title: 'sweep removes the network that a dead owner left, after the container on it',
      needs: [networkManagerCapability],
      requiredOptions: ['network'],
      run: async (context) => {
        const scene = await setScene(context, dead)
        const networkId = await scene.createNetwork()
        await scene.start({ ...onNetwork(networkId), command: context.programs.sleep(60) })
        const { removed, undecidable, failed } = await scene.sweep()
        expectEqual(
          removed.map(({ kind }) => kind),
          ['container', 'network'],
          'the kinds of what was removed',
        )
        expectEqual([undecidable, failed], [[], []], 'what was left')
      },
    },
    {
      id: 'SWP-003',
      title: 'sweep removes the volume that a dead owner left',
      needs: [volumeManagerCapability],
      run: async (context) => {
        const scene = await setScene(context, dead)
        const name = await scene.createVolume()
        const { removed } = await scene.sweep()
        expectEqual(
          removed.map((item) => [item.kind, item.name]),
          [['volume', name]],
          'what was removed',
        )
      },
    },
    {
      id: 'SWP-004',
      title: 'sweep removes the image that a dead owner built',
      needs: [imageBuilderCapability],
      run: async (context) => {
        const scene = await setScene(context, dead)
        const tag = await scene.build(`FROM ${context.image}\nENV SWEPT=1\n`)
        const { removed } = await scene.sweep()
        expectEqual(
          removed.map(({ kind }) => kind),
          ['image'],
          'the kinds of what was removed',
        )
        expectEqual(await context.runtime.imageExists(tag), false, 'imageExists')
      },
    },
    {
      id: 'SWP-005',
      title: 'sweep leaves an image of a living owner, though it is built on one of a dead owner',
      needs: [imageBuilderCapability],
      run: async (context) => {
        const gone = await setScene(context, dead)
        const living = await setScene(context, alive, gone.mark)
        const base = await gone.build(`FROM ${context.image}\nENV BASE=1\n`)
        const tag = await living.build(`FROM ${base}\nENV TOP=1\n`)
        await living.sweep()
        expectEqual(await context.runtime.imageExists(tag), true, 'imageExists of the upper one')
      },
    },
    {
      id: 'SWP-006',
      title: 'sweep leaves what a living owner has made',
      run: async (context) => {
        const scene = await setScene(context, alive)
        const id = await scene.start({ command: context.programs.sleep(60) })
        const { removed, undecidable } = await scene.sweep()
        expectEqual([removed, undecidable], [[], []], 'what was removed, or reported')
        expectEqual(await context.runtime.containerState(id), 'running', 'the state')
      },
    },
    {
      id: 'SWP-007',
      title: 'an owner whose pid another process has now is dead',
      run: async (context) => {
        const scene = await setScene(context, { [ownershipLabelKeys.processStart]: '1' })
        const id = await scene.create({})
        expectEqual(toIds((await scene.sweep()).removed), [id], 'what was removed')
      },
    },
    {
      id: 'SWP-008',
      title: 'what was made before this machine has booted is removed',
      run: async (context) => {
        const scene = await setScene(context, { [ownershipLabelKeys.bootId]: 'an-earlier-boot' })
        const id = await scene.create({})
        expectEqual(toIds((await scene.sweep()).removed), [id], 'what was removed')
      },
    },
    {
      id: 'SWP-009',
      title: 'what was made from another machine is reported as undecidable, and stays',
      run: async (context) => {
        const scene = await setScene(context, { ...dead, [ownershipLabelKeys.machineId]: 'another-machine' })
        const id = await scene.create({})
        const { removed, undecidable } = await scene.sweep()
        expectEqual([toIds(removed), toIds(undecidable)], [[], [id]], 'what was removed, and what was reported')
        expectEqual(await scene.list(), [id], 'what is left')
      },
    },
    {
      id: 'SWP-010',
      title: 'what was made from another pid namespace is reported as undecidable, and stays',
      run: async (context) => {
        const scene = await setScene(context, { ...dead, [ownershipLabelKeys.pidNamespace]: 'another-namespace' })
        const id = await scene.create({})
        const { removed, undecidable } = await scene.sweep()
        expectEqual([toIds(removed), toIds(undecidable)], [[], [id]], 'what was removed, and what was reported')
      },
    },
    {
      id: 'SWP-011',
      title: 'a lease stays while it runs, though its maker is dead, and goes when it has ended',
      run: async (context) => {
        const scene = await setScene(context, dead)
        const labels = { [ownershipLabelKeys.lifetime]: 'lease' }
        const id = await scene.start({ labels, command: context.programs.sleep(60) })
        expectEqual((await scene.sweep()).removed, [], 'what was removed while it ran')
        await context.runtime.stopContainer(id, { graceMs: 0 })
        await untilState(context, id, 'exited')
        expectEqual(toIds((await scene.sweep()).removed), [id], 'what was removed then')
      },
    },
    {
      id: 'SWP-012',
      title: 'what is persistent stays, though its maker is dead',
      run: async (context) => {
        const scene = await setScene(context, dead)
        const id = await scene.create({ labels: { [ownershipLabelKeys.lifetime]: 'persistent' } })
        expectEqual((await scene.sweep()).removed, [], 'what was removed')
        expectEqual(await scene.list(), [id], 'what is left')
      },
    },
    {
      id: 'SWP-013',
      title: 'dryRun tells what would be removed, and removes nothing',
      run: async (context) => {
        const scene = await setScene(context, dead)
        const id = await scene.create({})
        expectEqual(toIds((await scene.sweep({ dryRun: true })).removed), [id], 'what would be removed')
        expectEqual(await scene.list(), [id], 'what is left')
      },
    },
    {
      id: 'SWP-014',
      title: "a network that a living owner's container uses stays, and is reported with its user",
      needs: [networkManagerCapability],
      requiredOptions: ['network'],
      run: async (context) => {
        const gone = await setScene(context, dead)
        const living = await setScene(context, alive, gone.mark)
        const networkId = await gone.createNetwork()
        await living.start({ ...onNetwork(networkId), command: context.programs.sleep(60) })
        const { removed, undecidable } = await gone.sweep()
        expectEqual([toIds(removed), toIds(undecidable)], [[], [networkId]], 'what was removed, and what was reported')
      },
    },
    {
      id: 'SWP-015',
      title: 'sweep with the name of an application removes what this application made, and nothing of another',
      run: async (context) => {
        const shop = await setScene(context, { ...dead, [ownershipLabelKeys.app]: 'shop' })
        const other = await setScene(context, { ...dead, [ownershipLabelKeys.app]: 'other' }, shop.mark)
        const nameless = await setScene(context, dead, shop.mark)
        const ids = [await shop.create({}), await other.create({}), await nameless.create({})]
        expectEqual(toIds((await shop.sweep({ app: 'shop' })).removed), ids.slice(0, 1), 'what was removed')
        expectEqual((await shop.list()).toSorted(), ids.slice(1).toSorted(), 'what is left')
        const { removed } = await shop.sweep({ app: null })
        expectEqual(toIds(removed).toSorted(), ids.slice(1).toSorted(), 'what a sweep of all removed')
      },
    },
    {
      id: 'SWP-016',
      title: 'a container of a host without a name does not inherit the application of its image',
      needs: [imageBuilderCapability],
      run: async (context) => {
        const shop = await setScene(context, { ...dead, [ownershipLabelKeys.app]: 'shop' })
        const image = await shop.build(`FROM ${context.image}\nENV SWEPT=1\n`)
        const nameless = await setScene(context, dead, shop.mark)
        await nameless.create({ image })
        const { removed } = await shop.sweep({ app: 'shop', dryRun: true })
        expectEqual(
          removed.map(({ kind }) => kind),
          ['image'],
          'the kinds of what would be removed',
        )
      },
    },
    {
      id: 'SWP-017',
      title: 'sweep removes the volume that a dead owner left by mounting it, after its container',
      needs: [volumeManagerCapability],
      requiredOptions: ['mounts', 'mounts.volume'],
      run: async (context) => {
        const scene = await setScene(context, dead)
        const source = context.uniqueName('mounted')
        context.defer(source, (own) => context.require(volumeManagerCapability).removeVolume(source, own))
        const labels = { [markKey]: scene.mark }
        await scene.create({ mounts: [{ type: 'volume', source, target: '/kept', labels }] })
        const { removed } = await scene.sweep()
        expectEqual(
          removed.map(({ kind }) => kind),
          ['container', 'volume'],
          'the kinds of what was removed',
        )
      },
    },
    {
      id: 'SWP-018',
      title: 'sweep removes an image that a dead owner built under several tags, also when the first tag is gone',
      needs: [imageBuilderCapability],
      run: async (context) => {
        const scene = await setScene(context, dead)
        const tags = [`${context.uniqueName('second')}:1`, `${context.uniqueName('third')}:1`]
        await context.runtime.removeImage(await scene.build(`FROM ${context.image}\nENV SWEPT=18\n`, tags))
        const { removed, failed } = await scene.sweep()
        const seen = { removed: removed.map(({ kind }) => kind), failed }
        expectEqual(seen, { removed: ['image'], failed: [] }, 'the report')
        for (const tag of tags) expectEqual(await context.runtime.imageExists(tag), false, `imageExists of ${tag}`)
      },
    },
  ],
)

/** Something made under another owner's labels, and a sweep that sees just that. */
async function setScene(context: CaseContext, changes: StringMap, mark = context.uniqueName('mark')) {
  const owner = await context.open({ relabel: (labels) => ({ ...labels, ...changes }) })
  const sweeper = await context.open({ onlyLabelled: { [markKey]: mark } })
  const { signal } = context
  const toMarked = (config: CaseConfig) => ({ ...config, labels: { ...config.labels, [markKey]: mark } })
  return {
    mark,
    create: (config: CaseConfig) => createContainer(context, toMarked(config), owner.runtime),
    start: (config: CaseConfig) => startContainer(context, toMarked(config), owner.runtime),
    createNetwork: () => createNetworkFor(context, owner, mark),
    createVolume: () => createVolumeFor(context, owner, mark),
    build: (dockerfile: string, tags: readonly string[] = []) =>
      buildImage(context, dockerfile, { tags, labels: { [markKey]: mark } }, owner),
    sweep: (options: SweepOptions = {}) => sweeper.sweep({ signal, ...options }),
    list: async () => toIds(await context.runtime.listContainers({ labels: { [markKey]: mark } })),
  }
}

async function createNetworkFor(context: CaseContext, owner: RuntimeScope, mark: string): Promise<string> {
  const networks = expectDefined(findCapability(owner, networkManagerCapability), 'networks in the other scope')
  const id = await networks.createNetwork(context.uniqueName('swept'), { labels: { [markKey]: mark } })
  context.defer(id, (own) => networks.removeNetwork(id, own))
  return id
}

async function createVolumeFor(context: CaseContext, owner: RuntimeScope, mark: string): Promise<string> {
  const volumes = expectDefined(findCapability(owner, volumeManagerCapability), 'volumes in the other scope')
  const name = await volumes.createVolume(context.uniqueName('swept'), { labels: { [markKey]: mark } })
  context.defer(name, (own) => volumes.removeVolume(name, own))
  return name
}

function toIds(items: readonly { readonly id: string }[]): readonly string[] {
  return items.map(({ id }) => id)
}

const markKey = 'conformance.mark'
const alive: StringMap = {}
// One more than Linux gives to any process.
const dead: StringMap = { [ownershipLabelKeys.pid]: '4194305' }
